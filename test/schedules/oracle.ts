/**
 * What must hold after each event of a schedule. The oracle keeps its own books, from what goes in and out of the shards,
 * and compares them with the weights themselves, element by element.
 */
import type { Effect, OpenUpdate, ShardCopy } from '../../src/ps/events.ts';
import type { Loaded } from '../../src/ps/loaded.ts';
import { memberKey, memberOfKey, type SequenceVector } from '../../src/transport/members.ts';
import type { DownMessage, Outcome, PushHeader, PushReply, Range, Weights } from '../../src/transport/messages.ts';
import type { Server, Stream, WorkerProcess } from './actors.ts';
import { batchesIn, bitNames, bitsOf, blocksOf, expectPush, initialWeights } from './flat-vector.ts';
import type { Settings } from './settings.ts';
import { check, Violation } from './violation.ts';

interface Decision {
  readonly outcome: Outcome;
  /** As bits. */
  readonly batches: number;
}

/** What one life of a server must hold. */
interface ShardFacts {
  history: number;
  want: Float32Array;
  blocks: readonly number[];
  /** Batches taken (applied or buffered) by each block in this history, as bits. */
  taken: Uint16Array;
  initialized: boolean;
  version: number;
  minClock: number;
  /** What became of each push, by `worker/incarnation#sequence`. */
  readonly decided: Map<string, Decision>;
  /** The last sequence decided of each life. */
  readonly last: Map<string, number>;
  readonly gone: Set<string>;
  highestEpoch: number;
}

interface Pushed {
  /** As bits. */
  readonly batches: number;
  readonly clock: number;
}

const TAKEN: readonly (Outcome | undefined)[] = ['applied', 'buffered'];

export class Oracle {
  private readonly settings: Settings;
  private readonly facts = new Map<Server, ShardFacts>();
  /** What each push holds, as its worker said when it first sent a part. */
  private readonly pushes = new Map<string, Pushed>();
  /** Something was decided, loaded or applied: the schedule gets on. */
  onProgress: () => void = () => undefined;
  workers: readonly WorkerProcess[] = [];
  /** Set while a part that the world itself broke may cause refusals. */
  malformedSeen = false;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  factsOf(server: Server): ShardFacts {
    let facts = this.facts.get(server);
    if (!facts) {
      facts = {
        history: -1,
        want: new Float32Array(),
        blocks: [],
        taken: new Uint16Array(),
        initialized: false,
        version: 0,
        minClock: 0,
        decided: new Map(),
        last: new Map(),
        gone: new Set(),
        highestEpoch: 0,
      };
      this.facts.set(server, facts);
    }
    return facts;
  }

  // ---- pushes as their workers send them

  sent(history: number, life: string, header: PushHeader): void {
    const key = `${history}:${life}#${header.sequence}`;
    const before = this.pushes.get(key);
    const batches = bitsOf(header.firstBatch, header.batchCount);
    if (!before) this.pushes.set(key, { batches, clock: header.clock });
    else
      check(
        before.batches === batches && before.clock === header.clock,
        () => `push ${key} was of batches ${bitNames(before.batches)}, now it is of ${bitNames(batches)}`,
      );
  }

  /** A run of new processes from an older cut: what was pushed since never was, and its numbers come again. */
  forgetAfter(history: number): void {
    for (const key of this.pushes.keys()) if (Number(key.slice(0, key.indexOf(':'))) > history) this.pushes.delete(key);
  }

  pushOf(history: number, life: string, sequence: number): Pushed {
    const pushed = this.pushes.get(`${history}:${life}#${sequence}`);
    check(pushed !== undefined, () => `nobody pushed ${life}#${sequence} in history ${history}`);
    return pushed;
  }

  // ---- what a shard does

  /** Effects in order; `where` finds the life behind a stream. */
  effects(
    server: Server,
    effects: readonly Effect[],
    lifeOf: (stream: number) => Stream | undefined,
    cutOf: (replyTo: number) => SequenceVector | undefined,
  ): void {
    const facts = this.factsOf(server);
    for (const effect of effects) {
      if (effect.type === 'record') this.recorded(server, facts, effect.record);
      else if (effect.type === 'eventRecord') {
        if (effect.record.event === 'leave') facts.gone.add(memberKey(effect.record.worker, effect.record.incarnation));
      } else if (effect.type === 'send') {
        const stream = lifeOf(effect.stream);
        if (stream) this.replied(server, facts, stream, effect.message);
      } else if (effect.type === 'orderReply' && effect.reply.type === 'cut') {
        const sequences = cutOf(effect.replyTo);
        check(sequences !== undefined, () => `shard ${server.index} copies itself for no cut`);
        this.copied(server, facts, effect.reply.copy, sequences);
      }
    }
  }

  private recorded(server: Server, facts: ShardFacts, record: Extract<Effect, { type: 'record' }>['record']): void {
    check(record.history === facts.history, () => `shard ${server.index} decides in history ${record.history}, ${facts.history} is loaded`);
    const life = memberKey(record.worker, record.incarnation);
    const pushed = this.pushOf(facts.history, life, record.sequence);
    check(
      pushed.batches === bitsOf(record.firstBatch, record.batchCount),
      () => `record of ${life}#${record.sequence} names batch ${record.firstBatch}, it is of ${bitNames(pushed.batches)}`,
    );
    if (record.versionApplied < 0) return;
    check(
      record.versionApplied === facts.version || record.versionApplied === facts.version + 1,
      () => `shard ${server.index} applies version ${record.versionApplied} after ${facts.version}`,
    );
    facts.version = record.versionApplied;
    const { policy, bound = 0 } = this.settings.consistency;
    check(
      policy !== 'bounded-delay' || record.versionLag <= bound,
      () => `shard ${server.index} applies a gradient ${record.versionLag} updates late, beyond the bound ${bound}`,
    );
    expectPush(facts.want, pushed.batches, Math.fround(record.weight), `shard ${server.index}`);
    // A buffered push was decided when it came; one applied on arrival is decided with this.
    if (record.outcome === 'applied') this.decide(server, facts, life, record.sequence, 'applied');
  }

  private decide(server: Server, facts: ShardFacts, life: string, sequence: number, outcome: Outcome): void {
    const key = `${life}#${sequence}`;
    const { batches } = this.pushOf(facts.history, life, sequence);
    check(!facts.gone.has(life), () => `${life} is fenced at shard ${server.index}, and its push ${sequence} changes it`);
    check(!facts.decided.has(key), () => `push ${key} is decided twice at shard ${server.index}`);
    const last = facts.last.get(life) ?? 0;
    check(sequence === last + 1, () => `shard ${server.index} decides ${key} after ${last}`);
    facts.last.set(life, sequence);
    facts.decided.set(key, { outcome, batches });
    if (TAKEN.includes(outcome)) {
      facts.taken.forEach((bits, index) => {
        check(
          (bits & batches) === 0,
          () => `batch ${bitNames(bits & batches)} is taken twice by block ${facts.blocks[index]} at shard ${server.index} (now by ${key})`,
        );
        facts.taken[index] = bits | batches;
      });
    }
    this.onProgress();
  }

  private replied(server: Server, facts: ShardFacts, stream: Stream, message: DownMessage): void {
    switch (message.type) {
      case 'weights':
        this.served(server, facts, stream, message);
        return;
      case 'refusal':
        check(
          message.code !== 'INVALID_ARGUMENT' || this.malformedSeen || message.message.includes('superseded'),
          () => `an honest worker (${stream.worker.name}) is refused: ${message.message}`,
        );
        check(message.code !== 'RESOURCE_EXHAUSTED', () => `an honest worker (${stream.worker.name}) is over a limit: ${message.message}`);
        return;
      case 'push':
        if (message.sequence > 0) this.outcome(server, facts, stream, message);
        else if (!facts.initialized) {
          facts.initialized = true;
          facts.want = initialWeights(server.shard.status().ranges);
          this.onProgress();
        }
        return;
      default:
    }
  }

  private outcome(server: Server, facts: ShardFacts, stream: Stream, reply: PushReply): void {
    const owner = this.lives.get(stream.id);
    check(owner !== undefined, () => 'a push is answered on a stream that never said hello');
    const key = `${owner}#${reply.sequence}`;
    const known = facts.decided.get(key);
    if (reply.repeated) {
      check(reply.sequence <= (facts.last.get(owner) ?? 0), () => `shard ${server.index} calls ${key} a repeat and never decided it`);
      check(
        reply.outcome === undefined || known?.outcome === reply.outcome,
        () => `push ${key} was ${known?.outcome}, its repeat is answered ${reply.outcome}`,
      );
      return;
    }
    check(reply.outcome !== undefined, () => `a new push ${key} is answered without an outcome`);
    if (known === undefined) this.decide(server, facts, owner, reply.sequence, reply.outcome);
    else
      check(
        known.outcome === reply.outcome && facts.last.get(owner) === reply.sequence,
        () => `push ${key} was ${known.outcome}, it is answered ${reply.outcome}`,
      );
  }

  /** Lives by stream: a held push may be decided after its stream has gone. */
  readonly lives = new Map<number, string>();

  // ---- reads

  private served(server: Server, facts: ShardFacts, stream: Stream, weights: Weights): void {
    const identity = server.shard['state'].streams.get(stream.id);
    check(identity !== undefined, () => 'weights go to a stream that said hello');
    check(facts.initialized, () => `shard ${server.index} serves weights before there are any`);
    check(weights.version === facts.version, () => `shard ${server.index} serves version ${weights.version} at version ${facts.version}`);
    check(same(weights.values, facts.want), () => `shard ${server.index} serves weights that are not those of version ${weights.version}`);
    const { consistency } = this.settings;
    const bound = consistency.policy === 'ssp' ? (consistency.bound ?? 0) : consistency.policy === 'bsp' ? 0 : undefined;
    if (bound === undefined) return;
    for (const other of this.workers) {
      const life = other.session.life;
      if (!other.alive || other.session.phase !== 'running' || !life || life.worker === identity.worker || life.history !== facts.history)
        continue;
      const member = server.shard['state'].table.get(life.worker);
      if (!member?.hello || member.idle || member.incarnation !== life.incarnation) continue;
      const last = facts.last.get(memberKey(life.worker, life.incarnation)) ?? 0;
      let low = other.session.currentClock;
      for (const { clock, sequence } of other.session.unansweredClocks())
        if (sequence === undefined || sequence > last) low = Math.min(low, clock);
      check(
        low >= weights.clock - bound,
        () =>
          `read guarantee: shard ${server.index} serves iteration ${weights.clock} of ${identity.worker} (bound ${bound}) while ${life.worker} has an undecided update of clock ${low}`,
      );
    }
  }

  // ---- after each event

  after(server: Server): void {
    const facts = this.factsOf(server);
    const { shard } = server;
    facts.highestEpoch = shard.epoch;
    const loaded = shard['state'].loaded;
    if (!loaded) return;
    check(
      loaded.version === facts.version,
      () => `shard ${server.index} is at version ${loaded.version}, ${facts.version} updates were applied`,
    );
    if (!loaded.initialized) return;
    const x = weightsOf(loaded);
    if (!same(x, facts.want)) {
      const at = x.findIndex((value, index) => value !== facts.want[index]);
      throw new Violation(`shard ${server.index}, element ${at}: ${x[at]}, it should be ${facts.want[at]}`);
    }
    this.accountedFor(
      server,
      facts,
      x,
      loaded.policy.open().flatMap(({ pushes }) => pushes.map(({ staged }) => bitsOf(staged.header.firstBatch, staged.header.batchCount))),
      'after this event',
    );
    const table = shard['state'].table;
    const minClock = table.minClock();
    const maxClock = table.maxClock();
    check(minClock >= facts.minClock, () => `min clock fell from ${facts.minClock} to ${minClock} at shard ${server.index}`);
    facts.minClock = minClock;
    const { consistency } = this.settings;
    const bound = consistency.policy === 'ssp' ? (consistency.bound ?? 0) : consistency.policy === 'bsp' ? 0 : undefined;
    if (bound !== undefined && table.counting() > 0)
      check(maxClock - minClock <= bound + 1, () => `clocks ${minClock} to ${maxClock} at shard ${server.index}, the bound is ${bound}`);
  }

  /** What was taken is in the weights or kept open, nothing else is, and nothing is in both. */
  private accountedFor(server: Server, facts: ShardFacts, x: Float32Array, openBatches: readonly number[], when: string): void {
    let open = 0;
    for (const batches of openBatches) {
      check((open & batches) === 0, () => `batch ${bitNames(open & batches)} is open twice at shard ${server.index}`);
      open |= batches;
    }
    facts.blocks.forEach((block, index) => {
      const held = batchesIn(x, index);
      const taken = facts.taken[index] ?? 0;
      check((held & open) === 0, () => `batches ${bitNames(held & open)} are both applied and open at shard ${server.index}`);
      check(
        (held | open) === taken,
        () =>
          `${when}, block ${block} at shard ${server.index} holds batches ${bitNames(held)} and open ${bitNames(open)}; it took ${bitNames(taken)}`,
      );
    });
  }

  private copied(server: Server, facts: ShardFacts, copy: ShardCopy, target: SequenceVector): void {
    check(
      copy.history === facts.history,
      () => `the copy of shard ${server.index} is of history ${copy.history}, ${facts.history} is loaded`,
    );
    for (const [key, sequence] of Object.entries(copy.sequences)) {
      check(
        sequence <= (target[key] ?? 0),
        () => `the copy of shard ${server.index} holds ${key} up to ${sequence}, beyond M = ${target[key] ?? 0}`,
      );
      check(
        sequence === (facts.last.get(key) ?? 0),
        () => `the copy of shard ${server.index} says ${sequence} of ${key}, ${facts.last.get(key)} are decided`,
      );
    }
    for (const [key, sequence] of Object.entries(target)) {
      const { worker, incarnation } = memberOfKey(key);
      const alive = server.shard['state'].table.get(worker)?.incarnation === incarnation;
      check(
        !alive || copy.sequences[key] === sequence,
        () => `the copy of shard ${server.index} holds ${key} up to ${copy.sequences[key]}, not M = ${sequence}`,
      );
    }
    check(same(copy.x, facts.want), () => `the copy of shard ${server.index} is not its weights`);
    const open = copy.open.flatMap(({ pushes }) =>
      pushes.map(({ worker, incarnation, sequence }) => this.pushOf(copy.history, memberKey(worker, incarnation), sequence).batches),
    );
    this.accountedFor(server, facts, copy.x, open, 'in the cut');
  }

  // ---- restores

  /** @param files undefined: a new job, whose weights come later. */
  loaded(
    server: Server,
    history: number,
    ranges: readonly Range[],
    files: readonly { readonly ranges: readonly Range[]; readonly copy: ShardCopy }[] | undefined,
  ): void {
    const facts = this.factsOf(server);
    const blocks = blocksOf(ranges);
    const wanted = blocks.map((block) => (files ? this.blockOfCut(block, files) : new Float32Array(16)));
    facts.history = history;
    facts.blocks = blocks;
    facts.want = new Float32Array(blocks.length * 16);
    wanted.forEach((values, index) => facts.want.set(values, index * 16));
    facts.taken = Uint16Array.from(blocks, (_, index) => batchesIn(facts.want, index));
    facts.initialized = files !== undefined;
    facts.version = server.shard.status().version;
    facts.minClock = server.shard.status().minClock;
    facts.decided.clear();
    facts.last.clear();
    for (const { copy } of files ?? []) {
      for (const [key, sequence] of Object.entries(copy.sequences)) facts.last.set(key, Math.max(facts.last.get(key) ?? 0, sequence));
    }
    this.onProgress();
  }

  /** The weights of a block as the cut says, open updates applied; found without `partsFor`. */
  blockOfCut(block: number, files: readonly { readonly ranges: readonly Range[]; readonly copy: ShardCopy }[]): Float32Array {
    const file = files.find(({ ranges }) => blocksOf(ranges).includes(block));
    check(file !== undefined, () => `no file of the cut holds block ${block}`);
    const at = blocksOf(file.ranges).indexOf(block) * 16;
    const values = file.copy.x.slice(at, at + 16);
    for (const push of file.copy.open.flatMap((update: OpenUpdate) => update.pushes)) {
      const { batches } = this.pushOf(file.copy.history, memberKey(push.worker, push.incarnation), push.sequence);
      expectPush(values, batches, Math.fround(push.weight), `block ${block} with what was open`);
    }
    return values;
  }
}

function same(a: Float32Array, b: Float32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/** The weights themselves where they lie in one slab, as in plain memory they do: there are many looks at them. */
export function weightsOf(loaded: Loaded): Float32Array {
  const [slab, ...others] = loaded.vectors['slabs'];
  return slab !== undefined && others.length === 0 ? slab.vectors[0]! : loaded.vectors.weights();
}
