/**
 * When cuts are taken, one at a time: periodic checkpoints, those that somebody asks for, and snapshots for evaluation,
 * whose requests share the next cut. A cut that fails is that cut's affair, never the job's.
 */
import { takeCut } from './cut.ts';
import type { LeaderOptions, SnapshotAnswer } from './leader-options.ts';
import { manifestOf } from './manifest.ts';
import type { LeaderPorts, Manifest } from './ports.ts';
import type { Operation } from './ticket.ts';

/** What a cut needs to know of its job at the moment it is begun, and whom it tells what it finds. */
export interface CutHost {
  readonly options: LeaderOptions;
  readonly ports: LeaderPorts;
  nowMs(): number;
  updates(): number;
  noted(): Pick<Manifest, 'history' | 'incarnations' | 'settled' | 'refusedAttempts'>;
  stored(): Operation<boolean>;
  /** Some shard has seen this epoch; some shard holds nothing. */
  seen(of: { readonly newerEpoch: number | undefined; readonly emptyShard: number | undefined; readonly why: string }): void;
}

export interface CheckpointAnswer {
  readonly written: boolean;
  readonly why: string;
  readonly id: number;
}

/** Snapshots are numbered apart from checkpoints, by each leader in a range of its own. */
const SNAPSHOTS_PER_EPOCH = 2 ** 32;

export class CutSchedule {
  private readonly host: CutHost;
  private open = false;
  private number: number;
  private snapshots = 0;
  private newest: Manifest | undefined;
  /** Named by the manifest that this history was restored from. */
  private tornBefore: readonly string[];
  private takenMs: number;
  private takenUpdates = 0;
  private snapshotWaiters: ((answer: SnapshotAnswer) => void)[] = [];
  private checkpointWaiters: ((answer: CheckpointAnswer) => void)[] = [];

  constructor(host: CutHost, stored: { readonly number: number; readonly torn: readonly string[] }, nowMs: number) {
    this.host = host;
    this.number = stored.number;
    this.tornBefore = stored.torn;
    this.takenMs = nowMs;
  }

  /** One is being taken: shards forget nothing meanwhile. */
  get busy(): boolean {
    return this.open;
  }

  get lastNumber(): number {
    return this.number;
  }

  get carriedTorn(): readonly string[] {
    return this.tornBefore;
  }

  get lastManifest(): Manifest | undefined {
    return this.newest;
  }

  get snapshotWanted(): boolean {
    return this.snapshotWaiters.length > 0;
  }

  wantSnapshot(answer: (answer: SnapshotAnswer) => void): void {
    this.snapshotWaiters.push(answer);
  }

  wantCheckpoint(answer: (answer: CheckpointAnswer) => void): void {
    this.checkpointWaiters.push(answer);
  }

  get checkpointDue(): boolean {
    const { checkpointEveryMs, checkpointEveryUpdates } = this.host.options;
    return (
      this.checkpointWaiters.length > 0 ||
      (checkpointEveryMs !== undefined && this.host.nowMs() - this.takenMs >= checkpointEveryMs) ||
      (checkpointEveryUpdates !== undefined && this.host.updates() - this.takenUpdates >= checkpointEveryUpdates)
    );
  }

  /** Numbers of cuts are not used twice, whoever wrote the cut that is restored. */
  noteNumber(id: number): void {
    this.number = Math.max(this.number, id);
  }

  /** A restore ends whatever was under way. */
  abandon(why: string): void {
    this.open = false;
    for (const answer of this.snapshotWaiters) answer({ ok: false, why });
    for (const answer of this.checkpointWaiters) answer({ written: false, why, id: -1 });
    this.snapshotWaiters = [];
    this.checkpointWaiters = [];
  }

  restored(manifest: Manifest | undefined): void {
    this.newest = manifest;
    this.tornBefore = manifest?.torn ?? [];
    this.note();
  }

  /** Returns why it failed, or undefined. */
  *checkpoint(): Operation<string | undefined> {
    const { host } = this;
    yield () => !this.open;
    this.open = true;
    const { history, incarnations, settled, refusedAttempts } = host.noted();
    this.number += 1;
    const id = this.number;
    // Stored before it is used: two leaders that wrote to one cut's files would spoil both.
    if (!(yield* host.stored())) return 'the store knows a newer leader';
    const cut = yield* takeCut(host.ports, host.options.ranges.length, id, 'checkpoint');
    this.note();
    if (!cut.ok) {
      this.open = false;
      host.seen(cut);
      return cut.why;
    }
    const { job, epoch, mapVersion, ranges, shape } = host.options;
    const sinceRestore = this.newest?.history === history ? this.newest.torn : [];
    const manifest = manifestOf(cut, {
      id,
      job,
      history,
      epoch,
      mapVersion,
      ranges,
      incarnations,
      refusedAttempts,
      shape,
      noted: settled,
      tornBefore: [...this.tornBefore, ...sinceRestore],
      writtenAt: host.ports.wallClock(),
    });
    const ticket = host.ports.writeManifest(manifest);
    yield () => ticket.done;
    this.open = false;
    const problem = ticket.get();
    if (problem !== undefined) return problem;
    this.newest = manifest;
    const heldMsMax = Math.max(...manifest.heldMs);
    const versions = manifest.versions.join(', ');
    host.ports.event('checkpoint', `checkpoint ${id} at versions ${versions}; pushes beyond it waited ${heldMsMax.toFixed(1)} ms`, {
      checkpoint: id,
      heldMsMax,
    });
    yield* host.stored();
    return undefined;
  }

  *periodic(): Operation {
    const waiters = this.checkpointWaiters;
    this.checkpointWaiters = [];
    const why = yield* this.checkpoint();
    if (why !== undefined) {
      this.host.ports.event('checkpointFailed', `checkpoint failed (${why}); training goes on, the older one stays`, {});
    }
    for (const answer of waiters) answer({ written: why === undefined, why: why ?? '', id: this.number });
  }

  *snapshot(): Operation {
    const { host } = this;
    yield () => !this.open;
    const waiters = this.snapshotWaiters;
    this.snapshotWaiters = [];
    if (waiters.length === 0) return;
    this.open = true;
    this.snapshots += 1;
    const id = host.options.epoch * SNAPSHOTS_PER_EPOCH + this.snapshots;
    const cut = yield* takeCut(host.ports, host.options.ranges.length, id, 'snapshot');
    this.open = false;
    if (!cut.ok) host.seen({ ...cut, emptyShard: undefined });
    const answer: SnapshotAnswer = cut.ok
      ? { ok: true, id, versions: cut.replies.map(({ version }) => version) }
      : { ok: false, why: cut.why };
    for (const waiter of waiters) waiter(answer);
  }

  /** A try counts, also a failed one: the next is due after the whole time. */
  note(): void {
    this.takenMs = this.host.nowMs();
    this.takenUpdates = this.host.updates();
  }
}
