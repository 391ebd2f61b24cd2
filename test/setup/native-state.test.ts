import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { importScript } from './scripts.ts';

interface NativeRecord {
  recipe: string;
  wanted: string;
  installed: boolean;
  retryAfter?: number;
}
const { isCurrentNative, nativeRecipe, wantedBuild } = await importScript<{
  isCurrentNative: (record: NativeRecord | undefined) => boolean;
  nativeRecipe: string;
  wantedBuild: () => string;
}>('native-state.mjs');
const { cacheFolder } = await importScript<{ cacheFolder: () => string }>('places.mjs');

afterEach(() => vi.unstubAllEnvs());

describe('what a start does about native TensorFlow', () => {
  test('a failure is not tried again before its time, and is after it', () => {
    vi.stubEnv('TARDIGRAD_TENSORFLOW', 'cpu');
    const failed = { recipe: nativeRecipe, wanted: 'cpu', installed: false };
    expect(isCurrentNative({ ...failed, retryAfter: Date.now() + 60_000 })).toBe(true);
    expect(isCurrentNative({ ...failed, retryAfter: Date.now() - 1 })).toBe(false);
  });

  test('nothing noted, another recipe or another wanted build means work to do', () => {
    vi.stubEnv('TARDIGRAD_TENSORFLOW', 'cuda');
    expect(isCurrentNative(undefined)).toBe(false);
    expect(isCurrentNative({ recipe: nativeRecipe, wanted: 'cpu', installed: false })).toBe(false);
    expect(isCurrentNative({ recipe: 'an older one', wanted: 'cuda', installed: false })).toBe(false);
    expect(isCurrentNative({ recipe: nativeRecipe, wanted: 'cuda', installed: false })).toBe(true);
  });

  test('TARDIGRAD_TENSORFLOW decides the build, and a value that it does not know is ignored', () => {
    vi.stubEnv('TARDIGRAD_TENSORFLOW', 'none');
    expect(wantedBuild()).toBe('none');
    vi.stubEnv('TARDIGRAD_TENSORFLOW', '');
    const detected = wantedBuild();
    vi.stubEnv('TARDIGRAD_TENSORFLOW', 'rocm');
    expect(wantedBuild()).toBe(detected);
  });
});

describe('the cache folder', () => {
  test('is TARDIGRAD_CACHE, else below XDG_CACHE_HOME, else below the home; empty values do not count', () => {
    vi.stubEnv('TARDIGRAD_CACHE', '/somewhere/own');
    vi.stubEnv('XDG_CACHE_HOME', '/xdg');
    expect(cacheFolder()).toBe('/somewhere/own');
    vi.stubEnv('TARDIGRAD_CACHE', '');
    expect(cacheFolder()).toBe(join('/xdg', 'tardigrad'));
    vi.stubEnv('XDG_CACHE_HOME', '');
    expect(cacheFolder()).toBe(join(homedir(), '.cache', 'tardigrad'));
  });
});
