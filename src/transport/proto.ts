/**
 * The protocol as objects: the definitions of proto/ with the serialisers that both ends use. Read from the .proto files
 * when a process starts, with the very options that the committed types were generated with (`npm run proto`).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Options } from '@grpc/proto-loader';
import { withChunkWire } from './chunk-wire.ts';
import type { ProtoGrpcType } from './generated/coordinator.ts';
import type { CoordinatorDefinition } from './generated/tardigrad/v1/Coordinator.ts';
import type { ParameterServerDefinition } from './generated/tardigrad/v1/ParameterServer.ts';
import type { ShardControlDefinition } from './generated/tardigrad/v1/ShardControl.ts';

/** The same two steps up from src/transport and from dist/transport. */
const PROTO_FOLDER = fileURLToPath(new URL('../../proto', import.meta.url));

/** The options file names types, as the type generator's flags do; the loader wants the constructors. */
const CONSTRUCTORS = { Number, String } as const;

interface LoaderOptionsFile {
  readonly longs: 'Number' | 'String';
  readonly enums: 'String';
  readonly defaults: boolean;
  readonly oneofs: boolean;
}

function loaderOptions(): Options {
  const file = JSON.parse(readFileSync(join(PROTO_FOLDER, 'loader-options.json'), 'utf8')) as LoaderOptionsFile;
  return {
    longs: CONSTRUCTORS[file.longs],
    enums: CONSTRUCTORS[file.enums],
    defaults: file.defaults,
    oneofs: file.oneofs,
    includeDirs: [PROTO_FOLDER],
  };
}

const loaded = grpc.loadPackageDefinition(
  loadSync(['tardigrad/v1/parameter_server.proto', 'tardigrad/v1/coordinator.proto'], loaderOptions()),
) as unknown as ProtoGrpcType;

export const parameterServer: ParameterServerDefinition = withChunkWire(loaded.tardigrad.v1.ParameterServer.service);
export const shardControl: ShardControlDefinition = loaded.tardigrad.v1.ShardControl.service;
export const coordinator: CoordinatorDefinition = loaded.tardigrad.v1.Coordinator.service;
