// Original file: proto/tardigrad/v1/coordinator.proto


export interface JobStatus {
  'json'?: (string);
}

export interface JobStatus__Output {
  'json': (string);
}
