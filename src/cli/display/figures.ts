/** How quantities are written for people: as many digits as can be told apart at a glance, and always the unit. */
import { grouped } from '../../config/fields.ts';

/** What stands where there is no value yet. */
export const NO_VALUE = '–';

/** 0:07, 12:34, 1:02:03 */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return NO_VALUE;
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** 34.2 s; from ten minutes on 1:02:03. */
export function seconds(value: number): string {
  return value < 600 ? `${value.toFixed(1)} s` : duration(value);
}

/** 1,412 */
export function whole(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? NO_VALUE : grouped(Math.round(value));
}

/** Three digits for small values (0.45, 7.31, 82.4), whole numbers above: a rate. */
export function rate(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return NO_VALUE;
  if (value >= 99.95) return whole(value);
  return value.toFixed(value < 9.995 ? 2 : 1);
}

/** A mean of whole numbers: 1.04, 12.3, 1,240. */
export function mean(value: number): string {
  return value === 0 ? '0' : rate(value);
}

/** 98.21 %; never rounded up to a round 100 that is not one. */
export function percent(fraction: number | undefined, digits = 2): string {
  if (fraction === undefined || !Number.isFinite(fraction)) return NO_VALUE;
  const text = (fraction * 100).toFixed(digits);
  const shown = fraction < 1 && Number(text) >= 100 ? (Math.floor(fraction * 100 * 10 ** digits) / 10 ** digits).toFixed(digits) : text;
  return `${shown} %`;
}

/** 0.0312; 2.303; 1.2e-5 where fewer than two digits would be left; NaN as it is, because that is news. */
export function loss(value: number | undefined): string {
  if (value === undefined) return NO_VALUE;
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return Math.abs(value) < 10 ? value.toFixed(4) : rate(value);
}

/** 7.2 MB/s */
export function bytesPerSecond(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return NO_VALUE;
  const [scaled, unit] = value >= 1e9 ? [value / 1e9, 'GB/s'] : value >= 1e6 ? [value / 1e6, 'MB/s'] : [value / 1e3, 'kB/s'];
  return `${scaled < 99.95 ? scaled.toFixed(1) : whole(scaled)} ${unit}`;
}

/** 1 restore, 2 restores */
export function counted(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
}
