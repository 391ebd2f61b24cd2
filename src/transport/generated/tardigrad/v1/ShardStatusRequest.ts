// Original file: proto/tardigrad/v1/parameter_server.proto


export interface ShardStatusRequest {
  'job'?: (string);
  'wantHash'?: (boolean);
}

export interface ShardStatusRequest__Output {
  'job': (string);
  'wantHash': (boolean);
}
