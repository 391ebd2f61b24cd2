// Original file: proto/tardigrad/v1/coordinator.proto


export interface CheckpointRequest {
  'job'?: (string);
}

export interface CheckpointRequest__Output {
  'job': (string);
}
