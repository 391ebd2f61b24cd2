import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { repeatedKey } from '../../src/tensor/json-keys.ts';

describe('repeatedKey', () => {
  test.each<[string, string | undefined]>([
    ['{}', undefined],
    ['{"a":1,"b":{"a":2},"c":[{"a":1},{"a":1}]}', undefined],
    ['{"a":"a","b":"a"}', undefined],
    ['{"a":1,"a":2}', 'a'],
    ['{"b":[{"a":1 , "a" : 2}]}', 'a'],
    ['{"a":{"b":1},"a":2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"\\"":1,"\\"" :2}', '"'],
    ['{"a\\\\":1,"a\\\\":2}', 'a\\'],
    ['{"a":"\\\\","a":"}{"}', 'a'],
    ['["a","a"]', undefined],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('in %s finds %s', (json, key) => {
    expect(repeatedKey(json)).toBe(key);
  });

  test('finds nothing in what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        expect(repeatedKey(JSON.stringify(value, null, indent))).toBeUndefined();
      }),
    );
  });
});
