import { describe, expect, test } from 'vitest';
import { importScript } from './scripts.ts';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: { status: string }[] }[];
}
const { countTests } = await importScript<{
  countTests: (report: Report | undefined) => { passed: number; failed: number; skipped: number };
}>('test.mjs');

describe('the last line of npm test', () => {
  test('counts a file that could not be loaded as failed, and a failing test only once', () => {
    const report = {
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
      testResults: [
        { status: 'failed', assertionResults: [] },
        { status: 'failed', assertionResults: [{ status: 'failed' }, { status: 'passed' }] },
        { status: 'passed', assertionResults: [{ status: 'passed' }] },
      ],
    };
    expect(countTests(report)).toEqual({ passed: 5, failed: 2, skipped: 3 });
  });

  test('says that nothing ran when vitest wrote no report', () => {
    expect(countTests(undefined)).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});
