// Original file: proto/tardigrad/v1/coordinator.proto


export interface RegisterServerRequest {
  'server'?: (string);
  'life'?: (string);
  'address'?: (string);
}

export interface RegisterServerRequest__Output {
  'server': (string);
  'life': (string);
  'address': (string);
}
