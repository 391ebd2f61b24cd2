/** Runs one seed: chooses what happens next until the job is over and everybody has left, then checks the end. */
import type { JobState } from '../../src/coordinator/ports.ts';
import type { SettledKind } from '../../src/transport/requests.ts';
import type { Coordinator, Message, Server, Stream, WorkerProcess } from './actors.ts';
import type { Deviation } from './deviations.ts';
import { strike } from './faults.ts';
import { batchesIn, bitNames, blocksOf } from './flat-vector.ts';
import { weightsOf } from './oracle.ts';
import { settingsOf, type Settings } from './settings.ts';
import { Violation, check } from './violation.ts';
import { checkKind } from './manifest-checks.ts';
import { World } from './world.ts';

/** Events without anything decided, settled, admitted or broken. */
const STALL_EVENTS = 4000;
const MOST_EVENTS = 30_000;

export interface Result {
  readonly violation: string | undefined;
  readonly settings: Settings;
  readonly events: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly trace: readonly string[];
}

export interface ScheduleOptions {
  readonly deviation?: Deviation | undefined;
  readonly trace?: boolean;
  readonly over?: Partial<Settings>;
  /** Called after each event: a script's hand in what is otherwise random. */
  readonly interfere?: (world: World) => void;
  readonly ends?: 'succeeded' | 'stopped';
}

export function runSchedule(seed: number, options: ScheduleOptions = {}): Result {
  const settings = settingsOf(seed, { ...options.deviation?.settings, ...options.over });
  let world: World | undefined;
  let violation: string | undefined;
  try {
    world = new World(settings, options);
    run(world, options);
  } catch (error) {
    // A broken promise, or an assertion of the core itself. Anything else (a fault of this harness) shows its stack.
    if (error instanceof Violation) violation = error.message;
    else if (error instanceof Error)
      violation = error.message.startsWith('assertion failed') ? error.message : (error.stack ?? error.message);
    else throw error;
  }
  return { violation, settings, events: world?.events ?? 0, counts: world?.counts ?? new Map(), trace: world?.trace ?? [] };
}

interface Weights {
  readonly up: number;
  readonly judge: number;
  readonly down: number;
  readonly message: number;
  readonly compute: number;
  readonly tick: number;
}

function run(world: World, { deviation, interfere, ends = 'succeeded' }: ScheduleOptions): void {
  const { dice } = world;
  const scale = (): number => dice.pick([0.3, 1, 1, 3]);
  const weights: Weights = {
    up: 4 * scale(),
    judge: 4 * scale(),
    down: 4 * scale(),
    message: 4 * scale(),
    compute: 2 * scale(),
    tick: 1.5 * scale(),
  };
  while (!ended(world, ends)) {
    world.events += 1;
    step(world, weights);
    interfere?.(world);
    deviation?.interfere?.(world);
    if (world.events - world.progressAt > STALL_EVENTS && !world.workers.some(({ alive, paused }) => alive && paused))
      throw new Violation(`standstill: ${stateOf(world)}`);
    if (world.events > MOST_EVENTS) throw new Violation(`no end after ${MOST_EVENTS} events: ${stateOf(world)}`);
  }
  if (ends === 'succeeded') checkEnd(world);
}

function ended(world: World, ends: JobState): boolean {
  const { latest } = world;
  if (!latest.alive || latest.paused || !latest.leader.over) return false;
  check(latest.leader.state === ends, () => `the job ${latest.leader.state}: ${latest.leader.reason}`);
  return world.store.record?.state === ends && world.workers.every(({ alive }) => !alive);
}

/** What may happen next, with its weight; kept in arrays that are used again, since this runs millions of times. */
class Choices {
  private readonly weights: number[] = [];
  private readonly acts: ((world: World, on: never) => void)[] = [];
  private readonly ons: unknown[] = [];
  private count = 0;
  private total = 0;

  clear(): void {
    this.count = 0;
    this.total = 0;
  }

  add<T>(weight: number, act: (world: World, on: T) => void, on: T): void {
    this.weights[this.count] = weight;
    this.acts[this.count] = act as (world: World, on: never) => void;
    this.ons[this.count] = on;
    this.count += 1;
    this.total += weight;
  }

  happen(world: World): void {
    let at = world.dice.next() * this.total;
    let index = 0;
    while (index < this.count - 1 && (at -= this.weights[index] as number) > 0) index += 1;
    (this.acts[index] as (world: World, on: unknown) => void)(world, this.ons[index]);
  }
}

const choices = new Choices();

function step(world: World, weights: Weights): void {
  choices.clear();
  addStreams(world, weights);
  addMessages(world, weights);
  addReturns(world);
  addFaults(world);
  choices.add(weights.tick, tick, Math.min(1, Math.min(weights.message, weights.up, weights.judge, weights.down) / weights.tick));
  choices.happen(world);
  for (const worker of world.workers) if (worker.alive && worker.session.phase === 'left') world.endWorker(worker);
}

function addStreams(world: World, weights: Weights): void {
  const lives = (stream: Stream): boolean => (stream.serverOpen && stream.up.length > 0) || (stream.clientOpen && stream.worker.alive);
  if (!world.streams.every(lives)) world.streams = world.streams.filter(lives);
  for (const stream of world.streams) {
    if (stream.serverOpen && stream.up.length > 0) choices.add(stream.staged ? weights.judge : weights.up, arrive, stream);
    const { worker } = stream;
    if (stream.clientOpen && stream.down.length > 0 && worker.alive && !worker.paused) choices.add(weights.down, answer, stream);
  }
}

function addMessages(world: World, weights: Weights): void {
  for (const message of world.messages) if (!message.to?.paused) choices.add(weights.message, deliver, message);
  for (const worker of world.workers) if (worker.alive && worker.computing && !worker.paused) choices.add(weights.compute, compute, worker);
}

function addReturns(world: World): void {
  const { returnRate, lazyLeader } = world.settings;
  for (const worker of world.workers) {
    if (worker.alive && worker.paused) choices.add(returnRate, resume, worker);
    if (worker.alive && worker.cutOff) choices.add(returnRate, heal, worker);
  }
  for (const server of world.servers) if (!server.alive) choices.add(0.3, restart, server);
  for (const coordinator of world.coordinators) if (coordinator.alive && coordinator.paused) choices.add(returnRate / 2, wake, coordinator);
  if (!world.latest.alive || world.latest.paused) choices.add(lazyLeader ? 0.03 : 0.3, takeOver, undefined);
}

function addFaults(world: World): void {
  const { latest } = world;
  if (world.checkpointsLeft > 0 && latest.alive && !latest.paused && latest.leader.state === 'running')
    choices.add(0.1, checkpoint, undefined);
  for (const [fault, left] of world.budget) if (left > 0) choices.add(world.settings.faultRate, strike, fault);
}

/** A message takes a moment. */
function pass(world: World): void {
  if (world.dice.chance(0.4)) world.now += 1;
}

function arrive(world: World, stream: Stream): void {
  pass(world);
  world.deliverUp(stream);
}

function answer(world: World, stream: Stream): void {
  pass(world);
  world.deliverDown(stream);
}

function deliver(world: World, message: Message): void {
  pass(world);
  world.messages.splice(world.messages.indexOf(message), 1);
  world.note(() => message.label);
  message.deliver();
}

function compute(world: World, worker: WorkerProcess): void {
  world.computed(worker);
}

function restart(world: World, server: Server): void {
  world.restartServer(server.index);
}

function takeOver(world: World): void {
  world.newCoordinator(false, true);
}

function tick(world: World, pace: number): void {
  const { dice } = world;
  world.now += Math.ceil(dice.pick([0, 1, 2, 5, 10, 20]) * pace);
  const actors: (() => void)[] = [];
  for (const worker of world.workers) if (worker.alive && !worker.paused) actors.push(() => world.tickWorker(worker));
  for (const server of world.servers) if (server.alive) actors.push(() => world.handle(server, { type: 'tick' }));
  for (const coordinator of world.coordinators)
    if (coordinator.alive && !coordinator.paused)
      actors.push(
        () => tickLeader(world, coordinator),
        () => tickLeader(world, coordinator),
      );
  if (actors.length > 0) dice.pick(actors)();
}

function tickLeader(world: World, coordinator: Coordinator): void {
  if (coordinator === world.latest) {
    for (const server of world.servers)
      if (server.alive) coordinator.leader.serverHeard(server.index, server.shard['state'].loaded?.version);
  }
  coordinator.leader.tick(world.now);
}

function checkpoint(world: World): void {
  world.checkpointsLeft -= 1;
  world.note(() => 'a checkpoint is asked for');
  world.latest.leader.checkpointNow(({ written, why }) => world.note(() => `  checkpoint ${written ? 'written' : `failed: ${why}`}`));
}

function resume(world: World, worker: WorkerProcess): void {
  world.note(() => `${worker.name} goes on`);
  worker.paused = false;
  world.progress();
}

function heal(world: World, worker: WorkerProcess): void {
  world.note(() => `${worker.name} reaches the coordinator again`);
  worker.cutOff = false;
  world.progress();
}

function wake(world: World, coordinator: Coordinator): void {
  world.note(() => `the coordinator of epoch ${coordinator.epoch} goes on`);
  coordinator.paused = false;
  // A nap shorter than this may pass unnoticed: leases have that much slack.
  if (world.now - coordinator.pausedAtMs > world.settings.leaseMs / 3) coordinator.awakeSinceMs = world.now;
  world.progress();
}

/** Every batch is settled once, and the weights say the same, element by element. */
function checkEnd(world: World): void {
  const { leader } = world.latest;
  const kinds: (SettledKind | undefined)[] = Array.from({ length: world.totalBatches }, () => undefined);
  for (const { firstBatch, count, kind } of leader['settled'].runs())
    for (let batch = firstBatch; batch < firstBatch + count; batch += 1) kinds[batch] = kind;
  // What a job leaves is its last checkpoint; a server may have died since.
  const last = [...world.manifests.values()].toSorted((a, b) => b.id - a.id)[0];
  const files = last && world.filesOf(last);
  check(files !== undefined, () => 'the job is over and its last checkpoint is not whole');
  for (const { copy } of files) check(copy.open.length === 0, () => 'the last checkpoint keeps open updates');
  const held = Array.from({ length: world.settings.blocks }, (_, block) => batchesIn(world.oracle.blockOfCut(block, files), 0));
  for (const { index, alive, shard } of world.servers) {
    const loaded = shard['state'].loaded;
    if (!alive || !loaded) continue;
    blocksOf(loaded.ranges).forEach((block, at) =>
      check(batchesIn(weightsOf(loaded), at) === held[block], () => `shard ${index} is not what the last checkpoint holds`),
    );
  }
  const text = (): string => held.map(bitNames).join(' | ');
  kinds.forEach((kind, batch) => {
    const everywhere = held.every((bits) => ((bits >> batch) & 1) === 1);
    const somewhere = held.some((bits) => ((bits >> batch) & 1) === 1);
    check(kind !== undefined, () => `batch ${batch} was never settled`);
    checkKind(world, batch, kind, { everywhere, somewhere }, text);
    const torn = kind === 'torn';
    check(
      !torn || world.endedLives.size > 0 || world.oracle.malformedSeen,
      () => `batch ${batch} is torn and no life has ended: ${text()}`,
    );
  });
  const { planned, trained, withheld, partlyRefused, torn, refused, neverSeen } = leader.accounting();
  check(neverSeen === 0, () => `${neverSeen} of ${planned} samples are unaccounted for`);
  check(planned === trained + withheld + partlyRefused + torn + refused, () => 'the samples do not add up');
}

function stateOf(world: World): string {
  const lines: string[] = [];
  for (const { epoch, leader, alive, paused } of world.coordinators)
    if (alive)
      lines.push(
        `epoch ${epoch}${paused ? ' paused' : ''}${leader.isDeposed ? ' deposed' : ''} ${leader.state} ${JSON.stringify(leader.progress())} ${JSON.stringify(leader.accounting())}`,
      );
  for (const { name, session, alive, paused, cutOff, computing } of world.workers) {
    if (alive)
      lines.push(
        `${name} ${session.phase}${paused ? ' paused' : ''}${cutOff ? ' cut off' : ''} ${JSON.stringify(session.life)} clock ${session.currentClock} ${JSON.stringify(session.unansweredClocks())} holds ${JSON.stringify(session.heldTasks())}${computing ? ' computes' : ''} leaving ${session['leaving']} asking ${JSON.stringify(session['talk']['asking'])}`,
      );
  }
  for (const { index, alive, shard } of world.servers) {
    const mark = shard['cutting']['mark'];
    lines.push(
      `shard ${index}${alive ? '' : ' dead'} ${JSON.stringify(shard.status())} mark ${mark ? `${mark.id} holding ${mark['heldPushes'].length}` : 'none'} members ${JSON.stringify([...shard['state'].table['members'].values()].map(({ worker, incarnation, hello, idle, clock }) => ({ worker, incarnation, hello, idle, clock })))}`,
    );
  }
  lines.push(`messages: ${world.messages.map(({ label }) => label).join('; ')}`);
  return lines.join('\n  ');
}

/** What a failing test prints: what broke, under which settings, and how to see it happen. */
export function report({ violation, settings, events }: Result, file: string): string {
  return [
    `seed ${settings.seed}, event ${events}: ${violation}`,
    `settings: ${JSON.stringify(settings)}`,
    `replay with its trace: SEED=${settings.seed} npx vitest run --project unit ${file}`,
  ].join('\n');
}
