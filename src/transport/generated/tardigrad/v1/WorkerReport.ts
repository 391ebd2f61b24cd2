// Original file: proto/tardigrad/v1/coordinator.proto

import type { Long } from '@grpc/proto-loader';

export interface WorkerReport {
  'iterations'?: (number | string | Long);
  'samples'?: (number | string | Long);
  'lossSum'?: (number | string);
  'lossCount'?: (number | string | Long);
  'dataMs'?: (number | string);
  'computeMs'?: (number | string);
  'exchangeMs'?: (number | string);
  'waitingMs'?: (number | string);
  'clock'?: (number | string | Long);
}

export interface WorkerReport__Output {
  'iterations': (number);
  'samples': (number);
  'lossSum': (number);
  'lossCount': (number);
  'dataMs': (number);
  'computeMs': (number);
  'exchangeMs': (number);
  'waitingMs': (number);
  'clock': (number);
}
