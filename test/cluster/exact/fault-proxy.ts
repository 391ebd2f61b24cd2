/** A TCP proxy that breaks connections at named moments, and tells which messages got through it. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { parameterServer } from '../../../src/transport/proto.ts';
import type { ExchangeReply__Output } from '../../../src/transport/generated/tardigrad/v1/ExchangeReply.ts';
import type { ExchangeRequest__Output } from '../../../src/transport/generated/tardigrad/v1/ExchangeRequest.ts';
import { Http2Tap } from './http2-tap.ts';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** The server's bytes stay here and nothing of them arrives. */
  withheld: boolean;
  /** Bytes of the client that still pass before the connection is cut. */
  allowance: number;
  /** Has passed since the allowance was set. */
  passed: number;
}

export interface ProxyOptions {
  /** Read what passes as messages of an Exchange. */
  readonly tap?: boolean;
}

export class FaultProxy {
  address = '';
  /** When each connection was accepted, in ms of the monotonic clock. */
  readonly acceptedMs: number[] = [];
  /** So many connections from now on are accepted and then met with silence. */
  muteNext = 0;
  readonly sent: ExchangeRequest__Output[] = [];
  readonly delivered: ExchangeReply__Output[] = [];
  cuts = 0;
  private readonly server: Server;
  private readonly links = new Set<Link>();
  private readonly muted = new Set<Socket>();
  private readonly target: string;
  private readonly options: ProxyOptions;

  static async start(target: string, options: ProxyOptions = {}): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, options);
    await new Promise<void>((done) => proxy.server.listen(0, '127.0.0.1', done));
    proxy.address = `127.0.0.1:${(proxy.server.address() as AddressInfo).port}`;
    return proxy;
  }

  private constructor(target: string, options: ProxyOptions) {
    this.target = target;
    this.options = options;
    this.server = createServer((client) => this.accept(client));
  }

  /** From now on nothing of the server arrives over the connections there are. */
  withhold(): void {
    for (const link of this.links) link.withheld = true;
  }

  /** The next `bytes` bytes of the client pass, and then its connection is cut, in the middle of whatever it says. */
  cutAfter(bytes: number): void {
    for (const link of this.links) {
      link.allowance = bytes;
      link.passed = 0;
      link.withheld = true;
    }
  }

  /** Cuts every connection. */
  cut(): void {
    for (const link of this.links) this.drop(link);
    for (const client of this.muted) client.destroy();
  }

  get open(): number {
    return this.links.size;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((done) => this.server.close(() => done()));
  }

  private accept(client: Socket): void {
    this.acceptedMs.push(performance.now());
    client.on('error', () => undefined);
    if (this.muteNext > 0) {
      this.muteNext -= 1;
      this.muted.add(client);
      client.on('close', () => this.muted.delete(client));
      client.resume();
      return;
    }
    const [host = '', port = ''] = this.target.split(':');
    const server = connect(Number(port), host);
    server.on('error', () => undefined);
    const link: Link = { client, server, withheld: false, allowance: Infinity, passed: 0 };
    this.links.add(link);
    const tap = this.options.tap === true;
    const up = new Http2Tap('client', (message) => this.sent.push(parameterServer.Exchange.requestDeserialize(message)));
    const down = new Http2Tap('server', (message) => this.delivered.push(parameterServer.Exchange.responseDeserialize(message)));
    client.on('data', (data: Buffer) => {
      const part = data.subarray(0, Math.max(0, link.allowance - link.passed));
      link.passed += part.length;
      if (tap) up.add(part);
      if (link.passed < link.allowance) {
        server.write(part);
        return;
      }
      // What has passed shall arrive, and nothing behind it.
      server.write(part, () => this.drop(link));
    });
    server.on('data', (data: Buffer) => {
      if (link.withheld) return;
      if (tap) down.add(data);
      client.write(data);
    });
    client.on('close', () => this.drop(link));
    server.on('close', () => this.drop(link));
  }

  private drop(link: Link): void {
    if (!this.links.delete(link)) return;
    this.cuts += 1;
    link.client.destroy();
    link.server.destroy();
  }
}
