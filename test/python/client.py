"""A worker in Python. Everything it knows of tardigrad is what proto/ says: messages, codes, and the comments beside them.

    python -m grpc_tools.protoc -I proto --python_out=OUT --grpc_python_out=OUT \
        tardigrad/v1/parameter_server.proto tardigrad/v1/coordinator.proto
    PYTHONPATH=OUT python test/python/client.py HOST:PORT NAME

It gives the job its initial weights, works through one data task with whole-number gradients (so that the weights that must
come of them are known exactly), sends what must be refused, and leaves in the middle of a second task. What it saw goes to
stdout as one JSON object.
"""

import json
import queue
import sys
import threading
import time

import grpc
import numpy as np
from tardigrad.v1 import coordinator_pb2 as control
from tardigrad.v1 import coordinator_pb2_grpc
from tardigrad.v1 import parameter_server_pb2 as data
from tardigrad.v1 import parameter_server_pb2_grpc

CHUNK_BYTES = 1024 * 1024
DEADLINE_S = 60
ASK_AGAIN_S = 0.05


class Refused(Exception):
    """The server said no: the code, and which message it was about."""

    def __init__(self, code, message):
        super().__init__(f'{code}: {message}')
        self.code = code


def chunks(header, values, chunk_bytes=CHUNK_BYTES):
    """A push as its chunks: the header with the first, the offset in each, `last` on the last."""
    raw = np.ascontiguousarray(values, dtype='<f4').tobytes()
    for offset in range(0, max(1, len(raw)), chunk_bytes):
        part = raw[offset : offset + chunk_bytes]
        yield data.PushChunk(
            header=header if offset == 0 else None,
            sequence=header.sequence,
            offset=offset,
            data=part,
            last=offset + len(part) == len(raw),
        )


class Coordinator:
    """The calls of a worker: one at a time, asked again where the answer is "not now"; a Heartbeat where there is nothing to ask."""

    def __init__(self, address):
        self.stub = coordinator_pb2_grpc.CoordinatorStub(grpc.insecure_channel(address))
        self.turn = threading.Lock()
        self.epoch = 0
        self.identity = None
        self.held = []
        self.left = threading.Event()

    def ask(self, call, request):
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                with self.turn:
                    reply = call(request, timeout=DEADLINE_S)
                self.epoch = max(self.epoch, reply.epoch)
                return reply
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > end:
                    raise
            time.sleep(ASK_AGAIN_S)

    def mine(self):
        return dict(identity=self.identity, epoch_seen=self.epoch, held=self.held)

    def register(self, worker):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            reply = self.ask(self.stub.Register, control.RegisterRequest(worker=worker, backend='numpy', why='a client in Python'))
            if not reply.waiting and not reply.finished:
                self.identity = reply.identity
                job = json.loads(reply.job_spec)
                threading.Thread(target=self.beat, args=[job['detectFailureMs'] / 4000], daemon=True).start()
                return reply, job
            time.sleep(ASK_AGAIN_S)
        raise TimeoutError(reply.why)

    def beat(self, seconds):
        while not self.left.wait(seconds):
            self.ask(self.stub.Heartbeat, control.HeartbeatRequest(**self.mine()))

    def lease(self):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            reply = self.ask(self.stub.LeaseTask, control.LeaseTaskRequest(**self.mine()))
            if reply.HasField('task'):
                if reply.task.kind == control.Task.TRAIN:
                    self.held = [control.HeldTask(task=reply.task.task, first_batch=reply.task.first_batch, count=reply.task.count)]
                return reply.task
            if not reply.none:
                raise Refused('LeaseTask', str(reply))
            time.sleep(ASK_AGAIN_S)
        raise TimeoutError('no task')

    def finish(self, task, settled):
        self.ask(self.stub.FinishTask, control.FinishTaskRequest(**self.mine(), task=task.task, settled=settled))
        self.held = []

    def leave(self):
        self.left.set()
        return self.ask(self.stub.Leave, control.LeaveRequest(**self.mine()))


class Shard:
    """One shard: its Exchange, and the stand-alone calls beside it."""

    def __init__(self, address, ranges, map_version, identity):
        self.stub = parameter_server_pb2_grpc.ParameterServerStub(grpc.insecure_channel(address))
        self.ranges = list(ranges)
        self.elements = sum(run.length for run in self.ranges)
        self.map_version = map_version
        self.identity = identity
        self.connection = 0
        self.requests = queue.Queue()
        self.replies = queue.Queue()
        self.stream = self.stub.Exchange(iter(self.requests.get, None))
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for reply in self.stream:
                self.replies.put(reply)
        except grpc.RpcError as error:
            self.replies.put(error)
        self.replies.put(None)

    def reply(self, wanted):
        """The next reply of this kind. Nothing else is under way, but notices may come at any time."""
        while True:
            reply = self.replies.get(timeout=DEADLINE_S)
            if reply is None or isinstance(reply, Exception):
                raise ConnectionError(f'the stream ended where {wanted} was expected: {reply}')
            kind = reply.WhichOneof('body')
            if kind == 'refusal':
                raise Refused(reply.refusal.code, reply.refusal.message)
            if kind == wanted:
                return getattr(reply, kind)
            if kind == 'waiting':
                self.requests.put(data.ExchangeRequest(pull=data.Pull(clock=reply.waiting.clock)))
            elif kind != 'notice':
                raise ConnectionError(f'{kind} came where {wanted} was expected')

    def enter(self):
        self.connection += 1
        hello = data.Hello(identity=self.identity, connection=self.connection, enter=True)
        self.requests.put(data.ExchangeRequest(hello=hello))
        return self.reply('hello')

    def idle(self):
        self.requests.put(data.ExchangeRequest(idle=data.Idle()))
        self.reply('idle')

    def pull(self, clock):
        """Weights by the Exchange, and the header that came with them."""
        self.requests.put(data.ExchangeRequest(pull=data.Pull(clock=clock)))
        return assemble(iter(lambda: self.reply('weights'), None))

    def read_weights(self):
        """Weights by the stand-alone call."""
        return assemble(self.stub.Pull(data.PullRequest(job=self.identity.job), timeout=DEADLINE_S))

    def header(self, **fields):
        return data.PushHeader(map_version=self.map_version, ranges=fields.pop('ranges', self.ranges), **fields)

    def push_by_exchange(self, header, values, chunk_bytes=CHUNK_BYTES):
        for chunk in chunks(header, values, chunk_bytes):
            self.requests.put(data.ExchangeRequest(push=chunk))
        return self.reply('push')

    def push_by_call(self, header, values, chunk_bytes=CHUNK_BYTES, identity=None):
        own = data.PushHeader()
        own.CopyFrom(header)
        own.identity.CopyFrom(identity or self.identity)
        try:
            return self.stub.Push(chunks(own, values, chunk_bytes), timeout=DEADLINE_S)
        except grpc.RpcError as error:
            raise Refused(error.code().name, error.details()) from None

    def status(self):
        return self.stub.Status(data.ShardStatusRequest(job=self.identity.job, want_hash=True), timeout=DEADLINE_S)

    def close(self):
        """Ends our side; the shard ends its own."""
        self.requests.put(None)
        while self.replies.get(timeout=DEADLINE_S) is not None:
            pass


def assemble(parts):
    header, raw = None, bytearray()
    for part in parts:
        if part.HasField('header'):
            header = part.header
        assert part.offset == len(raw), 'chunks come in order and leave no hole'
        raw += part.data
        if part.last:
            break
    assert header is not None and len(raw) == header.bytes
    return np.frombuffer(bytes(raw), dtype='<f4'), header


def whole_numbers(seed, elements):
    return np.random.default_rng(seed).integers(-3, 4, elements).astype(np.float32)


def refusals(shard, clock, sequence):
    """Everything that must be refused, each with the code that came and whether the shard is still what it was."""
    good = whole_numbers(1, shard.elements)
    header = shard.header(sequence=sequence, clock=clock)
    bad = good.copy()
    bad[-1] = np.nan
    infinite = good.copy()
    infinite[0] = np.inf
    stranger = data.Identity()
    stranger.CopyFrom(shard.identity)
    ended, unborn, elsewhere = (data.Identity.FromString(stranger.SerializeToString()) for _ in range(3))
    ended.incarnation -= 1
    unborn.incarnation += 1
    elsewhere.job = 'no-such-job'
    shifted = [data.Range(start=run.start + 1, length=run.length) for run in shard.ranges]
    attempts = {
        'nan by Exchange': lambda: shard.push_by_exchange(header, bad),
        'nan by Push': lambda: shard.push_by_call(header, bad),
        'infinity by Exchange': lambda: shard.push_by_exchange(header, infinite),
        'too short by Exchange': lambda: shard.push_by_exchange(header, good[:-1]),
        'too short by Push': lambda: shard.push_by_call(header, good[:-1]),
        'too long by Exchange': lambda: shard.push_by_exchange(header, np.append(good, np.float32(1))),
        'too long by Push': lambda: shard.push_by_call(header, np.append(good, np.float32(1))),
        "another shard's ranges": lambda: shard.push_by_call(shard.header(sequence=sequence, clock=clock, ranges=shifted), good),
        'a hole between chunks': lambda: push_with_hole(shard, header, good),
        'a chunk over the limit': lambda: shard.push_by_call(header, good, CHUNK_BYTES + 4),
        'a gap in the sequence': lambda: shard.push_by_exchange(shard.header(sequence=sequence + 1, clock=clock), good),
        'a life that is over': lambda: shard.push_by_call(header, good, identity=ended),
        'a life that is not known yet': lambda: shard.push_by_call(header, good, identity=unborn),
        'a job that is not here': lambda: shard.push_by_call(header, good, identity=elsewhere),
    }
    seen = {}
    for name, attempt in attempts.items():
        before = shard.status().state_hash
        try:
            attempt()
            code, message = 'taken', ''
        except Refused as refused:
            code, message = refused.code, str(refused)
        seen[name] = {'code': code, 'message': message, 'unchanged': shard.status().state_hash == before}
    return seen


def push_with_hole(shard, header, values):
    first, *rest = chunks(header, values, 4096)
    for chunk in [first, *rest[1:]]:
        shard.requests.put(data.ExchangeRequest(push=chunk))
    return shard.reply('push')


def plain(reply):
    return {
        'sequence': reply.sequence,
        'outcome': data.Outcome.Name(reply.outcome),
        'repeated': reply.repeated,
        'versionLag': reply.version_lag,
        'version': reply.version,
    }


class Worker:
    def __init__(self, coordinator, name):
        self.coordinator = Coordinator(coordinator)
        self.name = name
        self.sequence = 0
        self.report = {'pushes': []}

    def run(self):
        registered, job = self.coordinator.register(self.name)
        identity = registered.identity
        self.rate = np.float32(job['optimizer']['learningRate'])
        self.shards = [Shard(at.address, at.ranges, registered.map_version, identity) for at in registered.shards]
        self.clock = max(shard.enter().clock for shard in self.shards)
        self.report['registered'] = {'incarnation': identity.incarnation, 'elements': [shard.elements for shard in self.shards]}

        self.initialize(self.coordinator.lease())
        task = self.coordinator.lease()
        assert task.kind == control.Task.TRAIN
        self.report['task'] = {'firstBatch': task.first_batch, 'count': task.count}
        for batch in range(task.first_batch, task.first_batch + task.count):
            self.iterate(task, batch, job['dataset']['batchSize'])
        settled = [control.SettledRun(first_batch=task.first_batch, count=task.count, kind=control.SettledRun.TRAINED)]
        self.coordinator.finish(task, settled)

        self.rest()
        second = self.coordinator.lease()
        self.iterate(second, second.first_batch, job['dataset']['batchSize'])
        self.report['final'] = [shard.status().state_hash for shard in self.shards]
        self.leave()
        print(json.dumps(self.report))

    def initialize(self, task):
        assert task.kind == control.Task.INITIALIZE
        self.weights = [whole_numbers(100 + index, shard.elements) for index, shard in enumerate(self.shards)]
        first, again = [], []
        for shard, values in zip(self.shards, self.weights):
            header = shard.header(sequence=0, clock=self.clock, kind=data.PUSH_KIND_INITIAL)
            first.append(plain(shard.push_by_exchange(header, values)))
            again.append(plain(shard.push_by_exchange(header, whole_numbers(999, shard.elements))))
        self.coordinator.finish(task, [])
        self.report['initialized'] = {'first': first, 'again': again}

    def iterate(self, task, batch, samples):
        """One batch: pull, compute, push to every shard on one way, and once more on the other."""
        pulled = [shard.pull(self.clock) for shard in self.shards]
        alone = [shard.read_weights() for shard in self.shards]
        exact = all(
            np.array_equal(values, expected) and np.array_equal(values, read)
            for (values, _), (read, _), expected in zip(pulled, alone, self.weights)
        )
        if self.sequence == 0:
            self.report['refusals'] = refusals(self.shards[0], self.clock, 1)
        self.sequence += 1
        versions = [header.version for _, header in pulled]
        for index, shard in enumerate(self.shards):
            gradient = whole_numbers(1000 * (index + 1) + batch, shard.elements)
            header = shard.header(
                sequence=self.sequence,
                clock=self.clock,
                version_read=versions[index],
                version_spread=max(versions) - min(versions),
                task=task.task,
                first_batch=batch,
                batch_count=1,
                samples=samples,
                loss=0.5,
            )
            ways = [shard.push_by_call, shard.push_by_exchange]
            if (index + self.sequence) % 2 == 0:
                ways.reverse()
            first = ways[0](header, gradient)
            # A repeat carries what it did the first time; what counts is its sequence. An odd chunk size cuts numbers in two.
            again = ways[1](header, gradient, 99_999)
            self.weights[index] = self.weights[index] - self.rate * gradient
            self.report['pushes'].append(
                {
                    'batch': batch,
                    'clock': self.clock,
                    'shard': index,
                    'way': ways[0].__name__,
                    'chunks': -(-4 * shard.elements // CHUNK_BYTES),
                    'pulledWhatWasExpected': exact,
                    'clockOfWeights': pulled[index][1].clock,
                    'first': plain(first),
                    'again': plain(again),
                }
            )
        self.clock += 1

    def rest(self):
        """No work for a moment: idle at every shard, then back."""
        for shard in self.shards:
            shard.idle()
        members = [shard.status().members for shard in self.shards]
        try:
            self.shards[0].pull(self.clock)
            pulling = 'served'
        except Refused as refused:
            pulling = refused.code
        clock = max(shard.enter().clock for shard in self.shards)
        self.report['idle'] = {'members': members, 'pull': pulling, 'clockBefore': self.clock, 'clockAfter': clock}
        self.clock = max(self.clock, clock)

    def leave(self):
        for shard in self.shards:
            shard.idle()
        reply = self.coordinator.leave()
        header = self.shards[0].header(sequence=self.sequence + 1, clock=self.clock)
        try:
            self.shards[0].push_by_call(header, whole_numbers(5, self.shards[0].elements))
            after = 'taken'
        except Refused as refused:
            after = refused.code
        for shard in self.shards:
            shard.close()
        self.report['left'] = {'refused': reply.refused, 'pushAfter': after}


if __name__ == '__main__':
    Worker(sys.argv[1], sys.argv[2]).run()
