/** Runs one seed: chooses what happens next until the job is over and everybody has left, then checks the end. */
import type { SettledKind } from '../../src/transport/requests.ts';
import type { Coordinator, Stream, WorkerProcess } from './actors.ts';
import type { Deviation } from './deviations.ts';
import { strike } from './faults.ts';
import { batchesIn, bitNames, blocksOf } from './flat-vector.ts';
import { settingsOf, type Fault, type Settings } from './settings.ts';
import { Violation, check } from './violation.ts';
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

export function runSchedule(
  seed: number,
  options: { readonly deviation?: Deviation | undefined; readonly trace?: boolean; readonly over?: Partial<Settings> } = {},
): Result {
  const settings = settingsOf(seed, { ...options.deviation?.settings, ...options.over });
  let world: World | undefined;
  let violation: string | undefined;
  try {
    world = new World(settings, options);
    run(world);
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

function run(world: World): void {
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
  while (!ended(world)) {
    world.events += 1;
    step(world, weights);
    if (world.events - world.progressAt > STALL_EVENTS && !world.workers.some(({ alive, paused }) => alive && paused))
      throw new Violation(`standstill: ${stateOf(world)}`);
    if (world.events > MOST_EVENTS) throw new Violation(`no end after ${MOST_EVENTS} events: ${stateOf(world)}`);
  }
  checkEnd(world);
}

function ended(world: World): boolean {
  const { latest } = world;
  if (!latest.alive || latest.paused || !latest.leader.over) return false;
  check(latest.leader.state === 'succeeded', () => `the job ${latest.leader.state}: ${latest.leader.reason}`);
  return world.store.record?.state === 'succeeded' && world.workers.every(({ alive }) => !alive);
}

type Choice = { readonly weight: number; readonly happen: () => void };

function step(world: World, weights: Weights): void {
  const choices = [...streamChoices(world, weights), ...otherChoices(world, weights)];
  let at = world.dice.next() * choices.reduce((sum, { weight }) => sum + weight, 0);
  for (const choice of choices) {
    at -= choice.weight;
    if (at > 0) continue;
    choice.happen();
    break;
  }
  for (const worker of world.workers) if (worker.alive && worker.session.phase === 'left') world.endWorker(worker);
}

function streamChoices(world: World, weights: Weights): Choice[] {
  const choices: Choice[] = [];
  world.streams = world.streams.filter(
    (stream) => (stream.serverOpen && stream.up.length > 0) || (stream.clientOpen && stream.worker.alive),
  );
  for (const stream of world.streams) {
    if (stream.serverOpen && stream.up.length > 0)
      choices.push({ weight: stream.staged ? weights.judge : weights.up, happen: () => passing(world, () => world.deliverUp(stream)) });
    if (mayReceive(stream)) choices.push({ weight: weights.down, happen: () => passing(world, () => world.deliverDown(stream)) });
  }
  return choices;
}

function mayReceive({ clientOpen, down, worker }: Stream): boolean {
  return clientOpen && down.length > 0 && worker.alive && !worker.paused;
}

/** A message takes a moment. */
function passing(world: World, happen: () => void): void {
  if (world.dice.chance(0.4)) world.now += 1;
  happen();
}

function otherChoices(world: World, weights: Weights): Choice[] {
  const { settings } = world;
  const choices: Choice[] = [];
  world.messages.forEach((message, index) => {
    if (message.to?.paused) return;
    choices.push({
      weight: weights.message,
      happen: () =>
        passing(world, () => {
          world.messages.splice(index, 1);
          world.note(() => message.label);
          message.deliver();
        }),
    });
  });
  for (const worker of world.workers) {
    if (!worker.alive) continue;
    if (worker.computing && !worker.paused) choices.push({ weight: weights.compute, happen: () => world.computed(worker) });
    if (worker.paused) choices.push({ weight: settings.returnRate, happen: () => resume(world, worker) });
    if (worker.cutOff) choices.push({ weight: settings.returnRate, happen: () => heal(world, worker) });
  }
  for (const server of world.servers) if (!server.alive) choices.push({ weight: 0.3, happen: () => world.restartServer(server.index) });
  for (const coordinator of world.coordinators)
    if (coordinator.alive && coordinator.paused) choices.push({ weight: settings.returnRate / 2, happen: () => wake(world, coordinator) });
  if (!world.latest.alive || world.latest.paused)
    choices.push({ weight: settings.lazyLeader ? 0.03 : 0.3, happen: () => world.newCoordinator(false, true) });
  if (world.checkpointsLeft > 0 && world.latest.alive && !world.latest.paused && world.latest.leader.state === 'running') {
    choices.push({ weight: 0.1, happen: () => checkpoint(world) });
  }
  for (const [fault, left] of world.budget) {
    if (left > 0) choices.push({ weight: settings.faultRate, happen: () => strike(world, fault as Fault) });
  }
  choices.push({
    weight: weights.tick,
    happen: () => tick(world, Math.min(1, Math.min(weights.message, weights.up, weights.judge, weights.down) / weights.tick)),
  });
  return choices;
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
    for (const server of world.servers) if (server.alive) coordinator.leader.serverHeard(server.index, server.shard['loaded']?.version);
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
    const loaded = shard['loaded'];
    if (!alive || !loaded) continue;
    blocksOf(loaded.ranges).forEach((block, at) =>
      check(batchesIn(loaded.vectors.x, at) === held[block], () => `shard ${index} is not what the last checkpoint holds`),
    );
  }
  const text = (): string => held.map(bitNames).join(' | ');
  kinds.forEach((kind, batch) => {
    const everywhere = held.every((bits) => (bits >> batch) & 1);
    const somewhere = held.some((bits) => (bits >> batch) & 1);
    check(kind !== undefined, () => `batch ${batch} was never settled`);
    if (kind === 'trained') check(everywhere, () => `batch ${batch} counts as trained and is not everywhere: ${text()}`);
    else if (kind === 'torn')
      check(
        !everywhere && (world.endedLives.size > 0 || world.oracle.malformedSeen),
        () => `batch ${batch} counts as torn; it is ${everywhere ? 'everywhere' : 'torn without a life that ended'}: ${text()}`,
      );
    else check(kind === 'refused' && !somewhere && world.oracle.malformedSeen, () => `batch ${batch} counts as ${kind}: ${text()}`);
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
        `${name} ${session.phase}${paused ? ' paused' : ''}${cutOff ? ' cut off' : ''} ${JSON.stringify(session.life)} clock ${session.currentClock} ${JSON.stringify(session.unansweredClocks())} holds ${JSON.stringify(session.heldTasks())}${computing ? ' computes' : ''} leaving ${session['leaving']} asking ${JSON.stringify(session['asking'])}`,
      );
  }
  for (const { index, alive, shard } of world.servers) {
    const mark = shard['mark'];
    lines.push(
      `shard ${index}${alive ? '' : ' dead'} ${JSON.stringify(shard.status())} mark ${mark ? `${mark.id} holding ${mark['heldPushes'].length}` : 'none'} members ${JSON.stringify([...shard['table']['members'].values()].map(({ worker, incarnation, hello, idle, clock }) => ({ worker, incarnation, hello, idle, clock })))}`,
    );
  }
  lines.push(`messages: ${world.messages.map(({ label }) => label).join('; ')}`);
  return lines.join('\n  ');
}
