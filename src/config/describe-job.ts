/** A job in plain sentences, said before it starts: nobody should have to guess what a setting does. */
import { grouped } from './fields.ts';
import type { Job } from './job-schema.ts';

/** What the job's text does not hold and a person wants to know. */
export interface JobFacts {
  /** Samples in one data epoch. */
  readonly trainSamples: number;
  /** Weights of the model. */
  readonly elements: number;
  /** Workers at the start; `workers.count` unless said otherwise. */
  readonly workers?: number;
}

/**
 * What is about to happen, in words: who waits for whom, what a push holds, what a step is, and when it ends.
 * One plain line each, at most 100 columns.
 */
export function describeJob(job: Job, facts: JobFacts): string[] {
  const run: Run = { job, workers: facts.workers ?? job.workers.count, ...updatesPerEpoch(job, facts) };
  return [what(run, facts), waiting(run), ...step(run), rate(run), ...shaping(run), ...device(run), watching(run), ending(run)];
}

const WHEN_LATE = {
  refuse: 'A later gradient is refused and its batch done again.',
  withhold: 'A later gradient is counted and kept out of the weights.',
  pace: 'Workers wait before they read, so that none comes later.',
} as const;

interface Run {
  readonly job: Job;
  readonly workers: number;
  readonly epochUpdates: number;
  /** Whether the number of updates depends on which worker gets how far. */
  readonly about: boolean;
}

/** Under bsp a round is one update, and the last rounds of an epoch may hold fewer pushes. */
function updatesPerEpoch(job: Job, { trainSamples, workers = job.workers.count }: JobFacts): { epochUpdates: number; about: boolean } {
  const batches = Math.ceil(trainSamples / job.dataset.batchSize / job.accumulate);
  const together = job.consistency.policy === 'bsp' ? workers : 1;
  return { epochUpdates: Math.ceil(batches / together), about: together > 1 };
}

function what({ job, workers }: Run, { elements, trainSamples }: JobFacts): string {
  const data = `${job.model.name} (${count(elements, 'weight')}) on ${job.dataset.name} (${count(trainSamples, 'sample')})`;
  return `Trains ${data}: ${count(workers, 'worker')}, ${count(job.shards, 'shard')}.`;
}

function waiting({ job, workers }: Run): string {
  if (workers === 1) return `Waiting: one worker, so nobody waits (${policyName(job)} decides once more join).`;
  switch (job.consistency.policy) {
    case 'asp':
      return 'Waiting: asp. Nobody waits for anybody; a slow worker may push very stale gradients.';
    case 'bsp':
      return `Waiting: bsp. Every worker waits in every iteration for the slowest of the ${workers}.`;
    case 'bounded-delay':
      return `Waiting: bounded-delay, ${count(job.consistency.bound, 'update')}. ${WHEN_LATE[job.consistency.whenLate]}`;
    case 'ssp':
      return job.consistency.bound === 0
        ? 'Waiting: ssp, bound 0. No worker starts an iteration before all have finished the one before.'
        : `Waiting: ssp, bound ${job.consistency.bound}. A worker more than ${count(job.consistency.bound, 'iteration')} ahead of the slowest waits for it.`;
  }
}

function policyName({ consistency }: Job): string {
  return 'bound' in consistency ? `${consistency.policy}, bound ${consistency.bound},` : consistency.policy;
}

/** Effective batch: the samples whose mean makes one step. It grows with the workers only where their gradients are averaged. */
function step({ job, workers }: Run): string[] {
  const batchSize = job.dataset.batchSize * job.accumulate;
  const { consistency } = job;
  const batches = job.accumulate === 1 ? '' : ` (${job.accumulate} batches)`;
  const push = `Step: a push holds the mean gradient of ${count(batchSize, 'sample')}${batches}`;
  const late = workers * (1 + job.pipelining) - 1;
  if (late === 0) return [`${push}; each is one step: effective batch ${grouped(batchSize)}.`];
  if (consistency.policy !== 'bsp') {
    return [
      `${push}; each is one step: effective batch ${grouped(batchSize)}.`,
      `Steps are taken as pushes arrive; with equally fast workers a gradient is ${count(late, 'update')} late.`,
    ];
  }
  const rate = consistency.aggregate === 'sum' ? `, at ${workers} times the rate of their mean` : '';
  return [
    `${push}; a round of pushes is one step.`,
    `A step takes the ${consistency.aggregate} of ${workers} pushes: effective batch ${grouped(workers * batchSize)}${rate}.`,
  ];
}

function rate({ job }: Run): string {
  const { name, learningRate } = job.optimizer;
  const momentum = 'momentum' in job.optimizer ? ` ${job.optimizer.momentum}` : '';
  return `Rate: ${name}${momentum} at ${learningRate}, ${scheduleWords(job.optimizer.schedule)}.`;
}

function scheduleWords(schedule: Job['optimizer']['schedule']): string {
  const warmup = span(schedule.warmupUpdates, schedule.warmupEpochs);
  const rising = warmup === undefined ? '' : `warm-up over ${warmup}, then `;
  switch (schedule.name) {
    case 'constant':
      return `${rising}constant`;
    case 'step':
      return `${rising}times ${schedule.factor} every ${span(schedule.everyUpdates, schedule.everyEpochs)}`;
    case 'cosine':
      return `${rising}cosine to ${percent(schedule.floor)} over ${span(schedule.totalUpdates, schedule.totalEpochs)}`;
  }
}

/** A stretch of training in whichever unit it was given. */
function span(updates: number | undefined, epochs: number | undefined): string | undefined {
  if (updates !== undefined) return count(updates, 'update');
  return epochs === undefined ? undefined : count(epochs, 'epoch');
}

/** What else is done to a gradient; most jobs do nothing. */
function shaping({ job: { clip, optimizer } }: Run): string[] {
  const parts = [
    ...(clip.byGlobalNorm === undefined ? [] : [`norm clipped to ${clip.byGlobalNorm} (by the worker)`]),
    ...(clip.byValue === undefined ? [] : [`elements clipped to ±${clip.byValue} (by the shard)`]),
    ...(optimizer.weightDecay === 0 ? [] : [`weight decay ${optimizer.weightDecay} (${optimizer.weightDecayMode})`]),
  ];
  return parts.length === 0 ? [] : [`Gradients: ${parts.join(', ')}.`];
}

function device({ job }: Run): string[] {
  return job.require === 'none' ? [] : ['Computes on GPUs only: a worker that sees none ends the run.'];
}

function watching({ job }: Run): string {
  const { everySeconds, everyUpdates, keep } = job.checkpoint;
  const orUpdates = everyUpdates === undefined ? '' : ` or ${count(everyUpdates, 'update')}`;
  return `Evaluated every ${count(job.evaluate.everyUpdates, 'update')}; checkpoint every ${everySeconds} s${orUpdates}, the last ${keep} kept.`;
}

function ending({ job: { stop }, epochUpdates, about }: Run): string {
  const updates = `${about ? 'about ' : ''}${count((stop.epochs ?? 0) * epochUpdates, 'update')}`;
  const limits = [
    ...(stop.epochs === undefined ? [] : [`${count(stop.epochs, 'epoch')} (${updates})`]),
    ...(stop.maxUpdates === undefined ? [] : [count(stop.maxUpdates, 'update')]),
    ...(stop.maxSeconds === undefined ? [] : [`${grouped(stop.maxSeconds)} s`]),
  ];
  const target = stop.targetAccuracy === undefined ? '' : `, or at ${percent(stop.targetAccuracy)} test accuracy`;
  return `Ends after ${limits.join(' or ')}${target}.`;
}

function percent(fraction: number): string {
  return `${Number((100 * fraction).toFixed(4))} %`;
}

/** 1 worker, 2 workers, 60,000 samples */
function count(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
}
