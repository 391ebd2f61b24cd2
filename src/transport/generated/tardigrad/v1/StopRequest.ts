// Original file: proto/tardigrad/v1/coordinator.proto


export interface StopRequest {
  'job'?: (string);
  'reason'?: (string);
}

export interface StopRequest__Output {
  'job': (string);
  'reason': (string);
}
