import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STORE_KEY_BYTES_MAX, STORE_TRANSACTION_KEYS_MAX, STORE_VALUE_BYTES_MAX } from '../../../src/coordinator/stores/limits.ts';
import type { Json, Store } from '../../../src/coordinator/stores/store.ts';

/** Somewhere that stores are opened on, and that outlives each of them. */
export interface StorePlace {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

/** What every store promises, whichever it is. */
export function describeStore(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`${name} store`, () => {
    let place: StorePlace;
    let store: Store;
    const opened: Store[] = [];

    async function openAnother(): Promise<Store> {
      const another = await place.open();
      opened.push(another);
      return another;
    }

    beforeEach(async () => {
      place = await makePlace();
      store = await openAnother();
    });

    afterEach(async () => {
      await Promise.all(opened.splice(0).map((each) => each.close()));
      await place.remove();
    });

    describe('values', () => {
      it('gives back what was put, and undefined for what was not', async () => {
        const value: Json = { text: 'ä', number: -0.1, yes: true, nothing: null, list: [1, [2], {}], empty: '' };
        await store.commit({ epoch: 0, put: { 'jobs/a': value } });
        expect(await store.get('jobs/a')).toEqual(value);
        expect(await store.get('jobs/b')).toBeUndefined();
      });

      it('keeps its own copy: later changes of the object, or of what was read, reach nobody', async () => {
        const value = { list: [1] };
        await store.commit({ epoch: 0, put: { a: value } });
        value.list.push(2);
        ((await store.get('a')) as { list: number[] }).list.push(3);
        expect(await store.get('a')).toEqual({ list: [1] });
      });

      it('replaces and deletes', async () => {
        await store.commit({ epoch: 0, put: { a: 1, b: 2 } });
        await store.commit({ epoch: 0, put: { a: 3 }, delete: ['b', 'never there'] });
        expect(await store.list('')).toEqual([['a', 3]]);
      });

      it('takes values up to the limit and refuses larger ones by name, writing nothing', async () => {
        const quotes = 2;
        const largest = 'x'.repeat(STORE_VALUE_BYTES_MAX - quotes);
        await store.commit({ epoch: 0, put: { large: largest } });
        expect(await store.get('large')).toBe(largest);
        await expect(store.commit({ epoch: 0, put: { a: 1, large: `${largest}x` } })).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          retryable: false,
          facts: { limit: 'STORE_VALUE_BYTES_MAX', value: STORE_VALUE_BYTES_MAX },
        });
        expect(await store.get('a')).toBeUndefined();
        expect(await store.get('large')).toBe(largest);
      });

      it('refuses numbers that JSON cannot hold rather than storing null', async () => {
        await expect(store.commit({ epoch: 0, put: { a: { loss: NaN } } })).rejects.toThrow('plain JSON');
        expect(await store.get('a')).toBeUndefined();
      });

      it('is not harmed by keys that name parts of JavaScript objects', async () => {
        const value = JSON.parse('{"__proto__":{"polluted":1},"constructor":2}') as Json;
        const put = JSON.parse('{"__proto__":1,"constructor":2,"toString":3}') as Record<string, Json>;
        await store.commit({ epoch: 0, put: { ...put, value } });
        expect(await store.get('__proto__')).toBe(1);
        expect(await store.get('hasOwnProperty')).toBeUndefined();
        expect(JSON.stringify(await store.get('value'))).toBe(JSON.stringify(value));
        expect((await store.list('')).map(([key]) => key)).toEqual(['__proto__', 'constructor', 'toString', 'value']);
        expect(({} as { polluted?: number }).polluted).toBeUndefined();
      });
    });

    describe('keys', () => {
      it('lists a prefix in the byte order of UTF-8, and nothing beside it', async () => {
        // In JavaScript's own order the last two would change places, and in a locale's order A and a would be neighbours.
        const ordered = ['jobs/', 'jobs/A', 'jobs/B', 'jobs/a', 'jobs/a/b', 'jobs/a0', 'jobs/ä', 'jobs/\uFB01', 'jobs/\u{1F600}'];
        const others = ['job', 'jobs', 'jobs.', 'jobs0', 'zebra'];
        const keys = [...ordered, ...others].toReversed();
        await store.commit({ epoch: 0, put: Object.fromEntries(keys.map((key, index) => [key, index])) });
        expect((await store.list('jobs/')).map(([key]) => key)).toEqual(ordered);
        expect(await store.list('nothing')).toEqual([]);
        expect(await store.list('')).toHaveLength(keys.length);
      });

      it.each([
        ['NUL', 'a\0b'],
        ['a newline', 'a\nb'],
        ['path parts', '../../etc/passwd'],
        ['spaces and quotes', ' " \' % * '],
        ['emoji', '\u{1F9EA}'],
        ['the highest code point', '\u{10FFFF}'],
        ['the longest key', 'k'.repeat(STORE_KEY_BYTES_MAX)],
      ])('keeps a key with %s apart from its neighbours', async (_what, key) => {
        const shorter = [...key].slice(0, -1).join('') || 'a';
        await store.commit({ epoch: 0, put: { [key]: 'it', [shorter]: 'shorter' } });
        expect(await store.get(key)).toBe('it');
        expect(await store.list(key)).toEqual([[key, 'it']]);
        await store.commit({ epoch: 0, delete: [key] });
        expect(await store.get(key)).toBeUndefined();
      });

      it.each([
        ['an empty key', ''],
        ['a key over the limit', 'ä'.repeat(STORE_KEY_BYTES_MAX / 2 + 1)],
        ['half a surrogate pair', 'a\uD83Db'],
      ])('refuses %s, writing nothing', async (_what, key) => {
        await expect(store.commit({ epoch: 0, put: { a: 1, [key]: 2 } })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
        await expect(store.commit({ epoch: 0, put: { a: 1 }, delete: [key] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
        await expect(store.get(key)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
        expect(await store.list('')).toEqual([]);
      });

      it('refuses more keys in one transaction than the limit', async () => {
        const many = Array.from({ length: STORE_TRANSACTION_KEYS_MAX + 1 }, (_, index) => `k${index}`);
        await expect(store.commit({ epoch: 0, delete: many })).rejects.toMatchObject({ facts: { limit: 'STORE_TRANSACTION_KEYS_MAX' } });
      });

      it('refuses to put and delete one key at once, since nobody can say which holds', async () => {
        await expect(store.commit({ epoch: 0, put: { a: 1 }, delete: ['a'] })).rejects.toThrow('not both');
      });
    });

    describe('the epoch', () => {
      it('is 0 at first and rises by one each time somebody takes the lead', async () => {
        expect(await store.epoch()).toBe(0);
        expect(await store.raiseEpoch()).toBe(1);
        expect(await store.raiseEpoch()).toBe(2);
        expect(await store.epoch()).toBe(2);
      });

      it('fences an older leader: its transaction is refused with the higher epoch, and nothing of it is written', async () => {
        const old = await store.raiseEpoch();
        await store.commit({ epoch: old, put: { state: 'old' } });
        const current = await store.raiseEpoch();
        await expect(store.commit({ epoch: old, put: { state: 'late', other: 1 }, delete: ['state2'] })).rejects.toMatchObject({
          code: 'FAILED_PRECONDITION',
          facts: { epoch: old, highest: current },
        });
        expect(await store.list('')).toEqual([['state', 'old']]);
      });

      it('refuses an epoch that it never gave: it was wiped since, or is another store', async () => {
        await expect(store.commit({ epoch: 7, put: { a: 1 } })).rejects.toMatchObject({
          code: 'FAILED_PRECONDITION',
          facts: { epoch: 7, highest: 0 },
        });
        expect(await store.list('')).toEqual([]);
      });

      it('is different for each of many who raise it at once through two handles', async () => {
        const other = await openAnother();
        const raised = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? store : other).raiseEpoch()));
        expect(raised.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
        expect(await other.epoch()).toBe(20);
      });

      it('lets one through of two leaders that write at once', async () => {
        const other = await openAnother();
        const first = await store.raiseEpoch();
        const [, second] = await Promise.allSettled([
          // May come before the other took the lead, and is refused after it; it never wins.
          store.commit({ epoch: first, put: { leader: 'first' } }),
          other.raiseEpoch().then((epoch) => other.commit({ epoch, put: { leader: 'second' } })),
        ]);
        expect(second.status).toBe('fulfilled');
        expect(await store.get('leader')).toBe('second');
        await expect(store.commit({ epoch: first, put: { leader: 'late' } })).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
      });

      it('is compared where the transaction is written, not when it is asked for', async () => {
        const first = await store.raiseEpoch();
        const [, late] = await Promise.allSettled([store.raiseEpoch(), store.commit({ epoch: first, put: { leader: 'late' } })]);
        expect(late).toMatchObject({ status: 'rejected', reason: { code: 'FAILED_PRECONDITION' } });
        expect(await store.get('leader')).toBeUndefined();
      });

      it('does not stand among the keys', async () => {
        await store.raiseEpoch();
        expect(await store.list('')).toEqual([]);
        await store.commit({ epoch: 1, put: { epoch: 99 } });
        expect(await store.epoch()).toBe(1);
      });
    });

    describe('transactions', () => {
      it('are all or nothing beside others of the same turn', async () => {
        const results = await Promise.allSettled([
          store.commit({ epoch: 0, put: { a: 1 } }),
          store.commit({ epoch: 3, put: { b: 1, c: 1 } }),
          store.commit({ epoch: 0, put: { d: 1 } }),
        ]);
        expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(await store.list('')).toEqual([
          ['a', 1],
          ['d', 1],
        ]);
      });

      it('apply in the order in which they were asked for', async () => {
        await Promise.all(Array.from({ length: 50 }, (_, index) => store.commit({ epoch: 0, put: { last: index } })));
        expect(await store.get('last')).toBe(49);
      });

      it('are seen by another handle once committed', async () => {
        const other = await openAnother();
        expect(await other.get('a')).toBeUndefined();
        await store.commit({ epoch: 0, put: { a: 1 } });
        expect(await other.get('a')).toBe(1);
      });
    });

    describe('closing', () => {
      it('keeps entries and epoch for whoever opens it again', async () => {
        const epoch = await store.raiseEpoch();
        await store.commit({ epoch, put: { a: 1, b: [2] } });
        await store.close();
        const again = await openAnother();
        expect(await again.epoch()).toBe(epoch);
        expect(await again.list('')).toEqual([
          ['a', 1],
          ['b', [2]],
        ]);
      });

      it('may be done twice, and everything after it is refused as unavailable', async () => {
        await store.close();
        await store.close();
        for (const use of [
          () => store.get('a'),
          () => store.list(''),
          () => store.epoch(),
          () => store.raiseEpoch(),
          () => store.commit({ epoch: 0, put: { a: 1 } }),
        ]) {
          await expect(use()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
        }
      });
    });
  });
}
