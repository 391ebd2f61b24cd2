/** What can go wrong, each a few lines on the world. */
import type { Stream, WorkerProcess } from './actors.ts';
import type { Fault } from './settings.ts';
import type { World } from './world.ts';

export function strike(world: World, fault: Fault): void {
  const left = (world.budget.get(fault) ?? 0) - 1;
  const { dice } = world;
  const living = world.workers.filter(({ alive }) => alive);
  const staying = living.filter(({ leaving }) => !leaving);
  const spend = (): void => {
    world.budget.set(fault, left);
    world.count(fault);
    world.progress();
  };
  switch (fault) {
    case 'kill':
      if (living.length === 0 || world.latest.leader.over) return;
      spend();
      return kill(world, dice.pick(living), staying.length);
    case 'pause': {
      if (living.length === 0) return;
      spend();
      const worker = dice.pick(living);
      world.note(() => `PAUSE ${worker.name}`);
      worker.paused = true;
      return;
    }
    case 'cut': {
      if (living.length === 0) return;
      spend();
      const worker = dice.pick(living);
      world.note(() => `CUT ${worker.name} from the coordinator`);
      worker.cutOff = true;
      return;
    }
    case 'silent': {
      const { leader, alive, paused } = world.latest;
      const members = leader['membership'].workers().filter(({ reported }) => reported);
      if (!alive || paused || leader.state !== 'running' || members.length === 0) return;
      spend();
      const member = dice.pick(members);
      world.note(() => `SILENT: nothing of ${member.worker} reaches the coordinator in time`);
      member.lastHeardMs = world.now - world.settings.leaseMs - 1;
      world.silenced.add(member.worker);
      return;
    }
    case 'break': {
      const open = world.streams.filter(({ clientOpen, worker }) => clientOpen && worker.alive);
      if (open.length === 0) return;
      spend();
      return breakStream(world, dice.pick(open));
    }
    case 'server': {
      const servers = world.servers.filter(({ alive }) => alive);
      if (servers.length === 0 || world.latest.leader.over) return;
      spend();
      return world.killServer(dice.pick(servers).index);
    }
    case 'leader':
      if (!world.latest.alive) return;
      spend();
      world.note(() => 'COORDINATOR KILLED');
      world.latest.alive = false;
      return;
    case 'leaderPause':
      if (!world.latest.alive || world.latest.paused) return;
      spend();
      world.note(() => 'COORDINATOR PAUSED');
      world.latest.paused = true;
      world.latest.pausedAtMs = world.now;
      return;
    case 'resume':
      if (world.latest.leader.over || world.manifests.size === 0) return;
      spend();
      return resumeRun(world);
    case 'join':
      if (world.latest.leader.over) return;
      spend();
      world.note(() => 'JOIN');
      world.newWorker(world.freshName());
      return;
    case 'leave': {
      const awake = staying.filter(({ paused }) => !paused);
      if (staying.length < 2 || awake.length === 0) return;
      spend();
      const worker = dice.pick(awake);
      world.note(() => `DRAIN ${worker.name}`);
      worker.leaving = true;
      worker.session.leave(world.now);
      return;
    }
    default: // strikes where it happens: at a push, an answer, an order, a manifest
  }
}

function kill(world: World, worker: WorkerProcess, staying: number): void {
  world.note(() => `KILL ${worker.name}`);
  for (const stream of worker.streams) if (stream?.serverOpen) loseTail(world, stream);
  world.endWorker(worker);
  const last = staying - (worker.leaving ? 0 : 1) <= 0;
  if (last || world.dice.chance(0.7)) world.newWorker(worker.name);
}

/** What was queued is lost from some point on. */
function loseTail(world: World, stream: Stream): void {
  stream.up.length = world.dice.below(stream.up.length + 1);
  if (stream.up.length === 0) stream.staged = undefined;
}

function breakStream(world: World, stream: Stream): void {
  world.note(() => `BREAK ${stream.worker.name}'s stream to shard ${stream.shard}`);
  if (stream.serverOpen) loseTail(world, stream);
  stream.broken = true;
  stream.down = [{ type: 'closed' }];
  if (stream.serverOpen && world.dice.chance(0.5)) stream.up.push({ type: 'closed' });
}

/** Everything is started again from the last checkpoint: perhaps other shards, perhaps some processes of before still live. */
function resumeRun(world: World): void {
  const { dice, settings } = world;
  const shards = dice.pick(settings.shardChoices);
  const fresh = dice.chance(0.5);
  world.note(() => `RESUME on ${shards} shards${fresh ? ', all processes new' : ''}`);
  if (fresh || dice.chance(0.5)) world.latest.alive = false;
  else {
    world.latest.paused = true;
    world.latest.pausedAtMs = world.now;
  }
  world.recut(shards, fresh);
  if (fresh) {
    for (const coordinator of world.coordinators) coordinator.alive = false;
    for (const worker of world.workers) {
      if (!worker.alive) continue;
      world.endWorker(worker);
    }
    world.messages = [];
    world.oracle.forgetAfter(Math.max(...[...world.manifests.values()].map(({ history }) => history)));
  }
  world.newCoordinator(true, !fresh);
  if (fresh) for (let n = 0; n < settings.workers; n += 1) world.newWorker(dice.chance(0.7) ? `w${n}` : world.freshName());
}
