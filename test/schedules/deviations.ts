import type { JobLeader } from '../../src/coordinator/leader.ts';
import type { Shard } from '../../src/ps/shard.ts';
import type { Push } from '../../src/transport/messages.ts';
import type { WorkerSession } from '../../src/worker/session.ts';
import type { Settings } from './settings.ts';
import type { World } from './world.ts';

/** One rule of the cores changed, from outside: to see that the checks would notice. */
export interface Deviation {
  readonly name: string;
  /** The rule that it breaks, in words. */
  readonly rule: string;
  /** Settings under which it can show. */
  readonly settings?: Partial<Settings>;
  readonly markTimeoutMs?: number;
  shard?(shard: Shard, world: World): void;
  session?(session: WorkerSession, world: World): void;
  leader?(leader: JobLeader, world: World): void;
  /** A push has come whole: what is remembered of this moment. */
  staged?(shard: Shard, stream: number, push: Push): unknown;
  /** Around the transition of a staged push. */
  judged?(shard: Shard, push: Push, remembered: unknown, judge: () => void): void;
}

export const deviations: readonly Deviation[] = [];
