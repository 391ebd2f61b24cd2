import { expect, test } from 'vitest';
import { bytesPerSecond, duration, loss, percent, rate, seconds, whole } from '../../../src/cli/display/figures.ts';

test('durations read as clocks', () => {
  expect([0, 7.9, 75, 3723].map(duration)).toEqual(['0:00', '0:07', '1:15', '1:02:03']);
  expect([duration(undefined), duration(Infinity)]).toEqual(['–', '–']);
  expect([seconds(34.21), seconds(3723)]).toEqual(['34.2 s', '1:02:03']);
});

test('rates have about three digits', () => {
  expect([0, 0.456, 7.314, 9.996, 82.44, 99.96, 1412.4].map(rate)).toEqual(['0.00', '0.46', '7.31', '10.0', '82.4', '100', '1,412']);
  expect(whole(undefined)).toBe('–');
});

test('a share is shown as 100 % only when it is all', () => {
  expect([0, 0.9821, 0.99999, 1].map((share) => percent(share))).toEqual(['0.00 %', '98.21 %', '99.99 %', '100.00 %']);
});

test('a loss keeps its digits when it is small and says when it is no number', () => {
  expect([2.3026, 0.0312, 0.00001234, 0, 123.4].map(loss)).toEqual(['2.3026', '0.0312', '1.2e-5', '0.0000', '123']);
  expect([loss(Number.NaN), loss(Infinity), loss(undefined)]).toEqual(['NaN', 'Infinity', '–']);
});

test('traffic has a fitting unit', () => {
  expect([900, 32_800_000, 131_000_000, 2.5e9].map(bytesPerSecond)).toEqual(['0.9 kB/s', '32.8 MB/s', '131 MB/s', '2.5 GB/s']);
});
