// Original file: proto/tardigrad/v1/coordinator.proto


export interface SubmitRequest {
  'jobSpec'?: (string);
  'runFolder'?: (string);
  'resume'?: (boolean);
}

export interface SubmitRequest__Output {
  'jobSpec': (string);
  'runFolder': (string);
  'resume': (boolean);
}
