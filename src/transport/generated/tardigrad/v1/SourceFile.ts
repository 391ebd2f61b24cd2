// Original file: proto/tardigrad/v1/parameter_server.proto

import type { Long } from '@grpc/proto-loader';

export interface SourceFile {
  'file'?: (string);
  'sha256'?: (string);
  'bytes'?: (number | string | Long);
}

export interface SourceFile__Output {
  'file': (string);
  'sha256': (string);
  'bytes': (number);
}
