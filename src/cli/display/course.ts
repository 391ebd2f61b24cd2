/**
 * What a status alone does not tell, because it takes two or more: how long each epoch took, how the loss went, how fast
 * the shards' bytes flow, and who was there before. One `Course` watches all statuses of a run.
 */
import type { JobEvent, JobStatus } from '../../coordinator/status.ts';
import { WorkersSeen, type WorkerLife } from './workers-seen.ts';

export interface Traffic {
  readonly inPerSecond: number;
  readonly outPerSecond: number;
}

/** The loss is kept at no more points than this; when they are full, every other one goes. */
const LOSSES_MAX = 240;
const TRAFFIC_WINDOW_MS = 1_000;

interface BytesSeen {
  readonly atMs: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly traffic: Traffic | undefined;
}

export class Course {
  private readonly workers = new WorkersSeen();
  private readonly bytes = new Map<string, BytesSeen>();
  /** Training seconds at which epoch k was complete, by k; 0 is the start. */
  private readonly epochEnds = new Map<number, number>();
  private lossesKept: number[] = [];
  private lossStride = 1;
  private lossesSkipped = 0;

  see(status: JobStatus, nowMs: number): void {
    this.workers.add(status);
    this.seeEpochs(status);
    this.seeLoss(status.loss);
    for (const { server, bytesIn, bytesOut } of status.shards) this.seeBytes(server, { bytesIn, bytesOut }, nowMs);
  }

  /** The newest life of each worker. */
  lives(): readonly WorkerLife[] {
    return this.workers.newest();
  }

  losses(): readonly number[] {
    return this.lossesKept;
  }

  /** Undefined within the first second, and after the server began anew. */
  traffic(server: string): Traffic | undefined {
    return this.bytes.get(server)?.traffic;
  }

  /** Training seconds that epoch `number` (1 is the first) took, so far or in all; undefined where its start was not seen. */
  epochSeconds(number: number, elapsedSeconds: number): number | undefined {
    const start = this.epochEnds.get(number - 1);
    return start === undefined ? undefined : (this.epochEnds.get(number) ?? elapsedSeconds) - start;
  }

  private seeEpochs({ epochs, elapsedSeconds }: JobStatus): void {
    const complete = Math.floor(epochs);
    // A restore goes back; the epochs that it undid are timed again.
    for (const number of this.epochEnds.keys()) if (number > complete) this.epochEnds.delete(number);
    const isStart = this.epochEnds.size === 0 && epochs === 0;
    const hasJustEnded = complete > 0 && !this.epochEnds.has(complete) && this.epochEnds.has(complete - 1);
    if (isStart || hasJustEnded) this.epochEnds.set(complete, elapsedSeconds);
  }

  private seeLoss(loss: number | undefined): void {
    if (loss === undefined || loss === this.lossesKept.at(-1)) return;
    this.lossesSkipped += 1;
    if (this.lossesSkipped < this.lossStride) return;
    this.lossesSkipped = 0;
    this.lossesKept.push(loss);
    if (this.lossesKept.length < LOSSES_MAX) return;
    this.lossesKept = this.lossesKept.filter((_, index) => index % 2 === 1);
    this.lossStride *= 2;
  }

  private seeBytes(server: string, now: { bytesIn: number; bytesOut: number }, atMs: number): void {
    const before = this.bytes.get(server);
    if (before === undefined || now.bytesIn < before.bytesIn || now.bytesOut < before.bytesOut) {
      this.bytes.set(server, { ...now, atMs, traffic: undefined });
    } else if (atMs - before.atMs >= TRAFFIC_WINDOW_MS) {
      const perSecond = 1000 / (atMs - before.atMs);
      const traffic = {
        inPerSecond: (now.bytesIn - before.bytesIn) * perSecond,
        outPerSecond: (now.bytesOut - before.bytesOut) * perSecond,
      };
      this.bytes.set(server, { ...now, atMs, traffic });
    }
  }
}

/** The evaluations have a place of their own, and would push everything else out. */
export function lastEvents({ events }: JobStatus, count: number): readonly JobEvent[] {
  return events.filter(({ kind }) => kind !== 'evaluated').slice(-count);
}
