/**
 * The coordinator's service as promises. The coordinator may be restarted elsewhere: `setAddress` moves the calls that
 * follow. Every call has a deadline, connecting included.
 */
import * as grpc from '@grpc/grpc-js';
import { TardigradError } from '../errors.ts';
import { Connection, callUnary, watchAcknowledgement, watchConnecting } from './channel.ts';
import type { CallMethod, ConnectOptions } from './channel.ts';
import type { CheckpointReply__Output } from './generated/tardigrad/v1/CheckpointReply.ts';
import type { CheckpointRequest } from './generated/tardigrad/v1/CheckpointRequest.ts';
import type { EvaluationReport } from './generated/tardigrad/v1/EvaluationReport.ts';
import type { FinishTaskRequest } from './generated/tardigrad/v1/FinishTaskRequest.ts';
import type { HeartbeatReply__Output } from './generated/tardigrad/v1/HeartbeatReply.ts';
import type { HeartbeatRequest } from './generated/tardigrad/v1/HeartbeatRequest.ts';
import type { JobStatus__Output } from './generated/tardigrad/v1/JobStatus.ts';
import type { LeaseTaskReply__Output } from './generated/tardigrad/v1/LeaseTaskReply.ts';
import type { LeaseTaskRequest } from './generated/tardigrad/v1/LeaseTaskRequest.ts';
import type { LeaveRequest } from './generated/tardigrad/v1/LeaveRequest.ts';
import type { RegisterReply__Output } from './generated/tardigrad/v1/RegisterReply.ts';
import type { RegisterRequest } from './generated/tardigrad/v1/RegisterRequest.ts';
import type { RegisterServerReply__Output } from './generated/tardigrad/v1/RegisterServerReply.ts';
import type { RegisterServerRequest } from './generated/tardigrad/v1/RegisterServerRequest.ts';
import type { ServerHeartbeatRequest } from './generated/tardigrad/v1/ServerHeartbeatRequest.ts';
import type { SnapshotReply__Output } from './generated/tardigrad/v1/SnapshotReply.ts';
import type { SnapshotRequest } from './generated/tardigrad/v1/SnapshotRequest.ts';
import type { StopReply__Output } from './generated/tardigrad/v1/StopReply.ts';
import type { StopRequest } from './generated/tardigrad/v1/StopRequest.ts';
import type { SubmitReply__Output } from './generated/tardigrad/v1/SubmitReply.ts';
import type { SubmitRequest } from './generated/tardigrad/v1/SubmitRequest.ts';
import { coordinator } from './proto.ts';
import { fromServiceError } from './status.ts';

export interface CoordinatorClientOptions extends ConnectOptions {
  readonly address: string;
  /** Of calls that name no deadline of their own, in ms. */
  readonly callMs: number;
}

export interface WatchOptions {
  /** The stream breaks with UNAVAILABLE when no status comes for so long, in ms; by default it may be silent. */
  readonly silenceMs?: number;
}

export class CoordinatorClient {
  readonly #options: CoordinatorClientOptions;
  #connection: Connection;

  constructor(options: CoordinatorClientOptions) {
    this.#options = options;
    this.#connection = new Connection(options.address, options);
  }

  get address(): string {
    return this.#connection.address;
  }

  /** Calls that follow go there; those under way end where they are. */
  setAddress(address: string): void {
    if (address === this.#connection.address) return;
    this.#connection.close();
    this.#connection = new Connection(address, this.#options);
  }

  close(): void {
    this.#connection.close();
  }

  registerServer(request: RegisterServerRequest, deadlineMs?: number): Promise<RegisterServerReply__Output> {
    return this.#call(coordinator.RegisterServer, request, deadlineMs);
  }

  serverHeartbeat(request: ServerHeartbeatRequest, deadlineMs?: number): Promise<HeartbeatReply__Output> {
    return this.#call(coordinator.ServerHeartbeat, request, deadlineMs);
  }

  register(request: RegisterRequest, deadlineMs?: number): Promise<RegisterReply__Output> {
    return this.#call(coordinator.Register, request, deadlineMs);
  }

  heartbeat(request: HeartbeatRequest, deadlineMs?: number): Promise<HeartbeatReply__Output> {
    return this.#call(coordinator.Heartbeat, request, deadlineMs);
  }

  leaseTask(request: LeaseTaskRequest, deadlineMs?: number): Promise<LeaseTaskReply__Output> {
    return this.#call(coordinator.LeaseTask, request, deadlineMs);
  }

  finishTask(request: FinishTaskRequest, deadlineMs?: number): Promise<HeartbeatReply__Output> {
    return this.#call(coordinator.FinishTask, request, deadlineMs);
  }

  leave(request: LeaveRequest, deadlineMs?: number): Promise<HeartbeatReply__Output> {
    return this.#call(coordinator.Leave, request, deadlineMs);
  }

  snapshot(request: SnapshotRequest, deadlineMs?: number): Promise<SnapshotReply__Output> {
    return this.#call(coordinator.Snapshot, request, deadlineMs);
  }

  reportEvaluation(request: EvaluationReport, deadlineMs?: number): Promise<HeartbeatReply__Output> {
    return this.#call(coordinator.ReportEvaluation, request, deadlineMs);
  }

  submit(request: SubmitRequest, deadlineMs?: number): Promise<SubmitReply__Output> {
    return this.#call(coordinator.Submit, request, deadlineMs);
  }

  checkpoint(request: CheckpointRequest, deadlineMs?: number): Promise<CheckpointReply__Output> {
    return this.#call(coordinator.Checkpoint, request, deadlineMs);
  }

  stop(request: StopRequest, deadlineMs?: number): Promise<StopReply__Output> {
    return this.#call(coordinator.Stop, request, deadlineMs);
  }

  /**
   * A job's statuses as JSON texts, until the coordinator ends the stream. Leaving the loop cancels the call.
   * @throws {TardigradError} UNAVAILABLE where the stream breaks or its peer is mute
   */
  async *watch(job: string, { silenceMs }: WatchOptions = {}): AsyncGenerator<string, void, undefined> {
    const connection = this.#connection;
    const channel = connection.channel();
    const { path, requestSerialize, responseDeserialize } = coordinator.Watch;
    const call = channel.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { job }, new grpc.Metadata());
    let failure: TardigradError | undefined;
    const breakOff = (error: TardigradError): void => {
      failure ??= error;
      call.cancel();
    };
    const stopWatching = watchAcknowledgement(connection, channel, call, Infinity, breakOff);
    const statuses = (call as AsyncIterable<JobStatus__Output>)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const heard = silenceMs === undefined ? undefined : this.#watchSilence(silenceMs, breakOff);
        const next = await statuses.next().finally(heard);
        if (next.done === true) return;
        yield next.value.json;
      }
    } catch (error) {
      throw failure ?? fromServiceError(error, { call: 'Watch', address: connection.address });
    } finally {
      stopWatching();
      call.cancel();
    }
  }

  #watchSilence(silenceMs: number, onSilence: (error: TardigradError) => void): () => void {
    const { address } = this;
    return watchConnecting(
      () => false,
      silenceMs,
      () => onSilence(new TardigradError('UNAVAILABLE', `Watch: nothing came from ${address} for ${Math.round(silenceMs)} ms.`)),
    );
  }

  #call<Request, Reply>(method: CallMethod<Request, Reply>, request: Request, deadlineMs = this.#options.callMs): Promise<Reply> {
    return callUnary(this.#connection, method, request, { deadlineMs });
  }
}
