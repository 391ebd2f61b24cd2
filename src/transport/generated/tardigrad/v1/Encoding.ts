// Original file: proto/tardigrad/v1/parameter_server.proto

export const Encoding = {
  ENCODING_FLOAT32: 'ENCODING_FLOAT32',
} as const;

export type Encoding =
  | 'ENCODING_FLOAT32'
  | 0

export type Encoding__Output = typeof Encoding[keyof typeof Encoding]
