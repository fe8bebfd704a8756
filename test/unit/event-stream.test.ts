import { describe, expect, it } from 'vitest';
import type { ProxyEvent } from '../../src/domain/events.ts';
import { createEventStream } from '../../src/ops/event-stream.ts';

const failing = (service: string): ProxyEvent => ({ kind: 'fippa-failing', at: 1, service });
const works = (service: string): ProxyEvent => ({ kind: 'fippa-works-again', at: 2, service });

function create() {
  const faults: string[] = [];
  const stream = createEventStream((subscriber, event, error) => faults.push(`${subscriber} ${event} ${error}`));
  return { faults, stream };
}

describe('the stream of events', () => {
  it('hands an event to those who subscribed to its kind, in their order', () => {
    const { stream } = create();
    const heard: string[] = [];
    stream.subscribe('first', { 'fippa-failing': ({ service }) => heard.push(`first ${service}`) });
    stream.subscribe('second', {
      'fippa-failing': ({ service }) => heard.push(`second ${service}`),
      'fippa-works-again': ({ service }) => heard.push(`second works ${service}`),
    });
    stream.report(failing('a'));
    stream.report(works('b'));
    expect(heard).toEqual(['first a', 'second a', 'second works b']);
  });

  it('a subscriber that throws costs nobody else anything, and is named', () => {
    const { faults, stream } = create();
    const heard: string[] = [];
    stream.subscribe('broken', {
      'fippa-failing': () => {
        throw new Error('no');
      },
    });
    stream.subscribe('sound', { 'fippa-failing': ({ service }) => heard.push(service) });
    stream.report(failing('a'));
    stream.report(failing('b'));
    expect(heard).toEqual(['a', 'b']);
    expect(faults).toEqual(['broken fippa-failing Error: no', 'broken fippa-failing Error: no']);
  });

  it('what a subscriber reports comes after what it was told of, for all of them', () => {
    const { stream } = create();
    const heard: string[] = [];
    stream.subscribe('chained', { 'fippa-failing': ({ service }) => stream.report(works(service)) });
    stream.subscribe('last', {
      'fippa-failing': () => heard.push('failing'),
      'fippa-works-again': () => heard.push('works'),
    });
    stream.report(failing('a'));
    expect(heard).toEqual(['failing', 'works']);
  });
});
