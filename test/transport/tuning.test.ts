import http2 from 'node:http2';
import { createRequire } from 'node:module';
import * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { CHUNK_BYTES, LIMITS } from '../../src/transport/limits.ts';
import { parameterServer } from '../../src/transport/proto.ts';
import { CHANNEL_OPTIONS } from '../../src/transport/tuning.ts';
import { Cleanup, HELLO, openClient, startMute, startPipe, startRecorder, until, vector } from './loopback.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const RANGES = [{ start: 0, length: 64 }];

describe('the tuning of grpc-js', () => {
  it('widens a server’s windows and frames to one chunk', async () => {
    const { address } = await startRecorder(cleanup, { ranges: RANGES });
    const session = http2.connect(`http://${address}`);
    cleanup.add(() => session.destroy());
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    expect(session.remoteSettings).toMatchObject({
      initialWindowSize: CHUNK_BYTES,
      maxFrameSize: CHUNK_BYTES,
      maxConcurrentStreams: LIMITS.streamsPerServer,
    });
    await until(() => session.state.remoteWindowSize === CHUNK_BYTES, 'the window of the connection');
  });

  it('widens a client’s windows to one chunk', async () => {
    const seen: { initialWindowSize?: number | undefined; connection?: number | undefined } = {};
    const server = http2.createServer();
    server.on('session', (session) => {
      session.on('remoteSettings', (settings) => {
        seen.initialWindowSize = settings.initialWindowSize;
      });
      const timer = setInterval(() => {
        if (!session.destroyed) seen.connection = session.state.remoteWindowSize;
      }, 5);
      session.on('close', () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanup.add(() => void server.close());
    const { port } = server.address() as { port: number };
    openClient(cleanup, `127.0.0.1:${port}`).stream.send(HELLO);
    await until(() => seen.initialWindowSize === CHUNK_BYTES && seen.connection === CHUNK_BYTES, 'both windows');
  });

  it('uses only options that this grpc-js knows', () => {
    const { recognizedOptions } = createRequire(import.meta.url)('@grpc/grpc-js/build/src/channel-options.js') as {
      recognizedOptions: object;
    };
    expect(Object.keys(CHANNEL_OPTIONS).filter((name) => !(name in recognizedOptions))).toEqual([]);
  });

  it('acknowledges each stream at once, before the shard has said anything', async () => {
    const { address, messages } = await startRecorder(cleanup, { ranges: RANGES });
    const client = new grpc.Client(address, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
    const { path, requestSerialize, responseDeserialize } = parameterServer.Exchange;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.on('error', () => {});
    cleanup.add(() => {
      call.cancel();
      client.close();
    });
    let acknowledged = false;
    call.on('metadata', () => {
      acknowledged = true;
    });
    await until(() => acknowledged, 'the acknowledgement');
    expect(messages).toEqual([]);
  });

  it('does not take a message as written before it is on its way', async () => {
    const mute = await startMute(cleanup);
    const client = new grpc.Client(mute.address, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
    const { path, requestSerialize, responseDeserialize } = parameterServer.Exchange;
    const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    call.on('error', () => {});
    cleanup.add(() => {
      call.cancel();
      client.close();
    });
    let written = 0;
    call.write({ idle: {} }, () => written++);
    await until(() => mute.connections === 1, 'the connection');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(written).toBe(0);
  });

  it('resets a call whose peer does not take its end, though its connection lives', async () => {
    const elements = 1024 * 1024;
    const ranges = [{ start: 0, length: elements }];
    const { service, address, messages } = await startRecorder(cleanup, { ranges });
    const session = http2.connect(`http://${address}`);
    cleanup.add(() => session.destroy());
    const request = session.request({
      ':method': 'POST',
      ':path': parameterServer.Exchange.path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let aborted = false;
    request.on('aborted', () => {
      aborted = true;
    });
    request.on('error', () => {});
    request.write(Buffer.from([0, 0, 0, 0, 2, 0x22, 0])); // one message of two bytes: idle
    const { stream } = await until(() => messages[0], 'the message');
    service.send(
      stream,
      { type: 'weights', clock: 0, version: 0, minClock: 0, mapVersion: 7, ranges, heldMs: 0, values: vector(elements) },
      1,
    );
    service.closeStream(stream, 'the test wants it so');
    await until(() => aborted, 'the reset', 3000);
    expect(request.rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
    expect(session.closed).toBe(false);
  });
});

describe('a connection that was cut', () => {
  it('tells both ends', async () => {
    const server = await startRecorder(cleanup, { ranges: RANGES });
    const pipe = await startPipe(cleanup, server.address);
    const client = openClient(cleanup, pipe.address);
    client.stream.send(HELLO);
    await until(() => server.messages.length === 1, 'the hello');
    pipe.cut();
    await until(() => client.reasons.length === 1 && server.closed.length === 1, 'both ends');
  });
});
