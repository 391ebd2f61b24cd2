/**
 * Rules of the cores broken on purpose, one at a time and from outside, to see that the schedules would notice. Most carry
 * the name that the executable model of the semantics gave them.
 */
import type { JobLeader } from '../../src/coordinator/leader.ts';
import type { LeasedMember } from '../../src/coordinator/membership.ts';
import type { Shard } from '../../src/ps/shard.ts';
import type { Identity, Push } from '../../src/transport/messages.ts';
import type { WorkerSession } from '../../src/worker/session.ts';
import type { Settings } from './settings.ts';
import type { World } from './world.ts';

export interface Deviation {
  readonly name: string;
  /** The rule that it breaks, in words. */
  readonly breaks: string;
  /** Settings under which it shows soon. */
  readonly settings?: Partial<Settings>;
  readonly markTimeoutMs?: number;
  shard?(shard: Shard, world: World): void;
  session?(session: WorkerSession, world: World): void;
  leader?(leader: JobLeader, world: World): void;
  /** Called after each event. */
  interfere?(world: World): void;
  /** A push has come whole: what is remembered of this moment. */
  staged?(shard: Shard, stream: number, push: Push): unknown;
  /** Around the transition of a staged push. */
  judged?(shard: Shard, push: Push, remembered: unknown, judge: () => void): void;
}

/** Puts something around one method of one object. */
function around<T extends object, K extends string>(
  object: T,
  name: K,
  make: (original: (...given: never[]) => unknown) => (...given: never[]) => unknown,
): void {
  const methods = object as unknown as Record<K, (...given: never[]) => unknown>;
  methods[name] = make(methods[name].bind(object));
}

const SSP = { policy: 'ssp', bound: 1 } as const;

export const deviations: readonly Deviation[] = [
  {
    name: 'early_fence',
    breaks: 'a push is fenced when it is judged, after staging; not when it begins to arrive',
    settings: { faults: { server: 2, silent: 2, kill: 1 }, faultRate: 0.15 },
    staged: (shard, stream) => shard['state'].fenced(shard['state'].streams.get(stream) as Identity) ?? 'in',
    judged(shard, _push, remembered, judge) {
      const fenced = shard['state'].fenced.bind(shard['state']);
      if (remembered === 'in') shard['state'].fenced = () => undefined;
      judge();
      shard['state'].fenced = fenced;
    },
  },
  {
    name: 'early_id',
    breaks: 'whether a push is a repeat or a gap is judged after staging',
    settings: { pipelining: 1 },
    staged: (shard, stream) => {
      const identity = shard['state'].streams.get(stream);
      return identity && shard['state'].decidedSequence(identity.worker, identity.incarnation);
    },
    judged(shard, _push, remembered, judge) {
      const decided = shard['state'].decidedSequence.bind(shard['state']);
      if (typeof remembered === 'number') shard['state'].decidedSequence = () => remembered;
      judge();
      shard['state'].decidedSequence = decided;
    },
  },
  {
    name: 'no_idle',
    breaks: 'a worker without work goes idle',
    settings: { consistency: { policy: 'ssp', bound: 0 } },
    session(session) {
      session['goIdle'] = () => undefined;
    },
  },
  {
    name: 'early_idle',
    breaks: 'a worker goes idle only when every shard has answered its last push',
    session(session) {
      around(session, 'askNext', (original) => () => {
        const iterations = session['pipeline']['iterations'];
        const sent = iterations.length > 0 && iterations.every(({ sequence }) => sequence !== undefined && sequence > 0);
        if (session['phaseNow'] === 'running' && session['noWork'] && sent && !session['tasks'].ready()) session['goIdle']();
        original();
      });
    },
  },
  {
    name: 'giveback_early',
    breaks: 'a worker is fenced everywhere before what it had done is collected',
    settings: { consistency: { policy: 'asp' }, faults: { silent: 2 }, faultRate: 0.15, workers: 3 },
    leader(leader) {
      leader['evicting'] = function* evicting(member: LeasedMember) {
        if (!leader['membership'].is(member.worker, member.incarnation)) return;
        leader['membership'].remove(member.worker);
        yield* leader['giveBack'](member);
        yield* leader['tellMembers']();
      };
    },
  },
  {
    name: 'evict_at_once',
    breaks: 'a new leader gives every lease a full fresh term',
    leader(leader) {
      for (const member of leader['membership'].all()) member.lastHeardMs = -1e9;
    },
  },
  {
    name: 'no_fresh_term',
    breaks: 'a leader that slept judges no lease for its own absence',
    settings: { faults: { leaderPause: 1 }, faultRate: 0.15 },
    leader(leader) {
      leader['membership'].renewAll = () => undefined;
    },
  },
  {
    name: 'incarnation_reused',
    breaks: 'new lives are numbered beyond store, manifest and shards',
    settings: { checkpoints: 8, batchesPerEpoch: 14, epochs: 1, faults: { server: 3 }, faultRate: 0.05 },
    leader(leader) {
      leader['membership'].noteIncarnations = () => undefined;
      around(leader, 'resumeFrom', (original) => (...given) => {
        leader['membership']['incarnations'].clear();
        return original(...given);
      });
    },
  },
  {
    name: 'clock_literal',
    breaks: 'only the first pull after entering raises the clock',
    settings: { consistency: SSP, pipelining: 1 },
    shard(shard) {
      around(shard, 'onPull', (original) => (stream: never, identity: Identity, clock: never) => {
        const member = shard['state'].table.get(identity.worker);
        if (member) member.entering = true;
        return original(stream, identity as never, clock);
      });
    },
  },
  {
    name: 'enter_unraised',
    breaks: 'the first pull of a worker that enters carries the greatest clock to every shard',
    settings: { consistency: { policy: 'ssp', bound: 0 }, shards: 3, workers: 2, faults: { join: 2, kill: 2 }, faultRate: 0.15 },
    shard(shard) {
      around(shard, 'onPull', (original) => (stream: never, identity: Identity, clock: never) => {
        const member = shard['state'].table.get(identity.worker);
        if (member) member.entering = false;
        return original(stream, identity as never, clock);
      });
    },
  },
  {
    name: 'applied_vec',
    breaks: 'a mark answers with what is decided, kept pushes included',
    settings: { consistency: { policy: 'bsp', aggregate: 'sum' }, checkpoints: 4 },
    shard(shard) {
      around(shard['cutting'], 'openMark', (original) => (...given) => {
        const sequences = { ...(original(...given) as Record<string, number>) };
        for (const { pushes } of shard['state'].loaded?.policy.open() ?? []) {
          for (const { worker, incarnation } of pushes)
            sequences[`${worker}/${incarnation}`] = (sequences[`${worker}/${incarnation}`] ?? 0) - 1;
        }
        const mark = shard['cutting']['mark'];
        if (mark) (mark as { sequences: Record<string, number> }).sequences = sequences;
        return sequences;
      });
    },
  },
  {
    name: 'hold_after_id',
    breaks: 'a push is held before its identity is judged: the one behind a held push is no gap',
    settings: { pipelining: 1, checkpoints: 4 },
    shard(shard) {
      around(shard, 'onPush', (original) => (push: never, identity: Identity) => {
        const { sequence } = (push as Push).header;
        const decided = shard['state'].decidedSequence(identity.worker, identity.incarnation);
        if (sequence > decided + 1) return shard['decide'](push, identity);
        return original(push, identity as never);
      });
    },
  },
  {
    name: 'no_mark_timeout',
    breaks: 'a shard drops a mark by itself, or for a newer epoch',
    settings: { checkpoints: 8, batchesPerEpoch: 14, epochs: 1, faults: { loseOrder: 2 } },
    markTimeoutMs: Infinity,
    shard(shard) {
      shard['cutting'].drop = () => undefined;
    },
  },
  {
    name: 'lease_nonidem',
    breaks: 'a task whose grant was lost is granted again',
    settings: { faults: { loseAnswer: 3 } },
    leader(leader) {
      around(leader, 'lease', (original) => (...given) => {
        leader['tasks'].unnamed = () => undefined;
        return original(...given);
      });
    },
  },
  {
    name: 'floor_kept',
    breaks: 'a round that closes with nobody counting lifts the min clock past it',
    settings: { consistency: { policy: 'bsp', aggregate: 'sum' }, workers: 2, faults: { kill: 2, silent: 2 }, faultRate: 0.15 },
    shard(shard) {
      shard['state'].table.raiseFloor = () => undefined;
    },
  },
  {
    name: 'no_epoch',
    breaks: 'orders of an older epoch are refused',
    settings: { faults: { leaderPause: 1, kill: 1 }, faultRate: 0.15 },
    shard(shard) {
      around(
        shard['orders'],
        'handle',
        (original) => (order: never, _epoch: never, replyTo: never) => original(order, Math.max(shard.epoch, _epoch) as never, replyTo),
      );
    },
  },
  {
    name: 'pace_unordered',
    breaks: 'under pace a worker asks the shards one after another',
    settings: { consistency: { policy: 'bounded-delay', bound: 0, whenLate: 'pace' }, shards: 2, workers: 3 },
    session(session, world) {
      const { pipelining, accumulate } = world.settings;
      session.follow({ pipelining, accumulate, pullsInOrder: false });
    },
  },
  {
    name: 'forget_early',
    breaks: 'what a task did is forgotten only when its end is stored',
    leader(leader) {
      around(leader, 'finishTask', (original) => (member: never, request: never) => {
        const { task } = request as { task: number };
        const lease = [...leader['tasks']['leases'].values()].find((other) => other.task === task);
        original(member, request);
        if (lease) leader['orderAll']({ type: 'forget', history: leader['history'], batches: [[lease.firstBatch, lease.count]] });
      });
    },
  },
];

/** Faults that the schedules found in the cores, put back one at a time. */
export const foundFaults: readonly Deviation[] = [
  {
    name: 'inherit_all',
    breaks: 'a new leader accounts for what its predecessor had reserved, not for ranges that it reserves itself meanwhile',
    settings: { faults: { leader: 2 }, faultRate: 0.15, reserveBatches: 4 },
    leader(leader) {
      Object.defineProperty(leader, 'inherited', { get: () => leader['reserved'] });
    },
  },
  {
    name: 'hold_initialize',
    breaks: 'the task of the initial weights holds no batch',
    settings: { faults: {}, workers: 2 },
    // The coordinator dies while a worker still reports the initial weights as done.
    interfere(world) {
      const { latest, store, workers } = world;
      const reports = workers.some(({ session }) => session['tasks']['finished'].some(({ task }) => task.kind === 'initialize'));
      if (latest.epoch === 1 && store.record?.state === 'running' && reports) latest.alive = false;
    },
    session(session) {
      const book = session['tasks'];
      session.heldTasks = () =>
        [...book['open'].values(), ...book['finished'].map(({ task }) => task)].map(({ task, firstBatch, count }) => ({
          task,
          firstBatch,
          count,
        }));
    },
  },
  {
    name: 'void_initial',
    breaks: 'initial weights are never given up as void',
    settings: { faults: { malformed: 3 } },
    session(session) {
      around(session['pipeline'], 'sendPush', (original) => (iteration: never, shard: never) => {
        const { kind, repairs } = iteration as { kind: string; repairs: number[] };
        if (kind === 'initialize' && (repairs[shard as number] ?? 0) > 1) (iteration as { pushKind: string }).pushKind = 'void';
        return original(iteration, shard);
      });
    },
  },
  {
    name: 'first_only',
    breaks: 'a malformed part is sent again even while an earlier push is unanswered',
    settings: { faults: { malformed: 3 }, faultRate: 0.15, pipelining: 1, checkpoints: 4 },
    session(session) {
      around(session['pipeline'], 'repair', (original) => (shard: never, refusal: never) => {
        const first = session['pipeline']['iterations'].find(
          ({ sequence, outcomes }) => sequence !== undefined && outcomes[shard as number] === undefined,
        );
        return first?.sequence === (refusal as { sequence: number }).sequence ? original(shard, refusal) : undefined;
      });
    },
  },
  {
    name: 'torn_not_carried',
    breaks: 'a manifest names what the manifest before a restore named as torn',
    settings: { shards: 3, workers: 3, checkpoints: 8, faults: { kill: 2, server: 2, silent: 2 }, faultRate: 0.15 },
    leader(leader) {
      around(leader, 'resumeFrom', (original) => (...given) => {
        original(...given);
        leader['cuts']['tornBefore'] = [];
      });
    },
  },
  {
    name: 'hello_stays_open',
    breaks: 'a stream whose hello was refused is closed',
    settings: { faults: { server: 2, break: 3 }, faultRate: 0.15 },
    shard(shard) {
      around(shard['presence'], 'hello', (original) => (stream: never, hello: never) => {
        const fenced = shard['state'].fenced((hello as { identity: Identity }).identity);
        if (fenced) shard['state'].effects.refuse(stream, 'hello', fenced.code, fenced.message);
        else original(stream, hello);
      });
    },
  },
];
