// Original file: proto/tardigrad/v1/coordinator.proto


export interface RegisterRequest {
  'worker'?: (string);
  'evaluator'?: (boolean);
  'backend'?: (string);
  'why'?: (string);
}

export interface RegisterRequest__Output {
  'worker': (string);
  'evaluator': (boolean);
  'backend': (string);
  'why': (string);
}
