/**
 * Who is at a shard, and on which stream: a hello opens a worker's stream and lets it into the clocks, `idle` takes it out
 * of them, and of two streams of one worker the newer connection counts.
 */
import type { Hello, Identity } from '../transport/messages.ts';
import type { StreamId } from './events.ts';
import type { LiveMember } from './members.ts';
import type { ShardState } from './shard-state.ts';

export class Presence {
  private readonly state: ShardState;
  private readonly recheck: () => void;

  /** @param recheck called when somebody's coming or going may let others go on */
  constructor(state: ShardState, recheck: () => void) {
    this.state = state;
    this.recheck = recheck;
  }

  hello(stream: StreamId, { identity, connection, enter }: Hello): void {
    const { effects } = this.state;
    const fenced = this.state.fenced(identity);
    if (fenced) {
      effects.refuse(stream, 'hello', fenced.code, fenced.message);
      // What its sender has put behind the hello is for nobody: answered one by one, it would look malformed.
      effects.closeStream(stream);
      return;
    }
    const member = this.state.member(identity);
    if (member.stream !== undefined && member.stream !== stream && connection <= member.connection) {
      // A late hello of a half-open stream must not close the good one.
      const why = `connection ${connection} is not newer than ${member.connection}: this stream is superseded`;
      effects.refuse(stream, 'hello', 'INVALID_ARGUMENT', why);
      effects.closeStream(stream);
      return;
    }
    if (member.stream !== undefined && member.stream !== stream) {
      const older = member.stream;
      effects.closeStream(older);
      this.forget(older);
    }
    member.stream = stream;
    member.connection = connection;
    this.state.streams.set(stream, identity);
    if (!member.hello || (member.idle && enter)) this.letIn(member);
    if (enter) member.entering = true;
    effects.send(stream, { type: 'hello', clock: member.clock, version: this.state.loaded?.version ?? 0 });
  }

  private letIn(member: LiveMember): void {
    const clock = Math.max(this.state.table.minClock(), member.hello ? member.clock : 0);
    member.hello = true;
    member.idle = false;
    member.clock = clock;
    member.entering = true;
    this.state.recordOf('enter', member);
    this.recheck();
  }

  /** The stream is over, or another one of its worker has taken its place. */
  forget(stream: StreamId): void {
    const { streams, pulls, table } = this.state;
    const identity = streams.get(stream);
    if (!identity) return;
    streams.delete(stream);
    pulls.takeOfStream(stream);
    const member = table.get(identity.worker);
    if (member?.stream === stream) member.stream = undefined;
  }

  idle(stream: StreamId, identity: Identity): void {
    const { effects, pulls } = this.state;
    const fenced = this.state.fenced(identity);
    if (fenced) {
      effects.refuse(stream, 'idle', fenced.code, fenced.message);
      return;
    }
    const member = this.state.member(identity);
    member.idle = true;
    member.served.clear();
    pulls.takeOfWorker(identity.worker);
    effects.send(stream, { type: 'idle' });
    this.state.recordOf('idle', member);
    this.recheck();
  }
}
