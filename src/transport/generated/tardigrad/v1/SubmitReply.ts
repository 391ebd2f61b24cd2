// Original file: proto/tardigrad/v1/coordinator.proto


export interface SubmitReply {
  'job'?: (string);
}

export interface SubmitReply__Output {
  'job': (string);
}
