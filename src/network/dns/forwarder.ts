// What the cluster cannot know is asked of the host's resolvers: once for all who ask the same at the same time, and then not
// again as long as the answer lasts. Holds: whoever asks gets an answer, or hears of the failure, before they lose patience.
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { AnswerCache } from './answer-cache.ts';
import type { ForeignAnswer } from './foreign-answer.ts';
import { LoopWatch } from './loop-watch.ts';
import { type Query, responseCodes } from './query.ts';
import type { AskResolver, Inquiry } from './upstream.ts';

export interface ForwarderOptions {
  resolvers(): Promise<string[]>;
  ask: AskResolver;
  clock: Clock;
  log: Log;
}

export interface Told {
  answer: ForeignAnswer;
  ageSeconds: number;
}

/** C libraries wait five seconds. */
const patience = { onceMs: 1_400, altogetherMs: 4_500, rounds: 3 };
const mostAtOnce = 1_000;
const cacheBytes = 8 * 2 ** 20;

export type Asked = Pick<Query, 'key' | 'name' | 'question' | 'isCheckingDisabled' | 'edns'>;

export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #cache = new AnswerCache<ForeignAnswer>(cacheBytes);
  readonly #underway = new Map<string, Promise<ForeignAnswer | undefined>>();
  readonly #loops: LoopWatch;
  /** The one that answered last is asked first. */
  #preferred: string | undefined;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#loops = new LoopWatch(options);
  }

  /** Whether a query is one of ours that comes back: its resolver is asked no more. */
  isOwnEcho(name: string): boolean {
    return this.#loops.isEcho(name);
  }

  /** Undefined where nobody answers. */
  async ask(query: Asked): Promise<Told | undefined> {
    const key = `${query.key}${query.edns?.isDnssecOk ? 'D' : ''}${query.isCheckingDisabled ? 'C' : ''}`;
    const kept = this.#cache.get(key, this.#options.clock.monotonicMs());
    if (kept) return { answer: kept.value, ageSeconds: kept.ageSeconds };
    const answer = await (this.#underway.get(key) ?? this.#begin(key, query));
    return answer && { answer, ageSeconds: 0 };
  }

  async #begin(key: string, query: Asked): Promise<ForeignAnswer | undefined> {
    if (this.#underway.size >= mostAtOnce) return undefined;
    const inquiry = {
      question: Buffer.from(query.question),
      isDnssecOk: query.edns?.isDnssecOk ?? false,
      isCheckingDisabled: query.isCheckingDisabled,
    };
    const asking = this.#askAll(inquiry).finally(() => this.#underway.delete(key));
    this.#underway.set(key, asking);
    const answer = await asking;
    if (answer) {
      const { keepSeconds, message } = answer;
      this.#cache.put(key, answer, {
        keepSeconds,
        bytes: message.length * 2,
        nowMs: this.#options.clock.monotonicMs(),
      });
    }
    return answer;
  }

  async #askAll(inquiry: Inquiry): Promise<ForeignAnswer | undefined> {
    const all = await this.#options.resolvers();
    this.#loops.check(all);
    const resolvers = inOrder(
      all.filter((resolver) => !this.#loops.isLooping(resolver)),
      this.#preferred,
    );
    const untilMs = this.#options.clock.monotonicMs() + patience.altogetherMs;
    let failure: ForeignAnswer | undefined;
    for (let round = 0; round < patience.rounds; round++) {
      for (const resolver of resolvers) {
        const leftMs = untilMs - this.#options.clock.monotonicMs();
        if (leftMs <= 0) return failure;
        const answer = await this.#askOne(inquiry, resolver, Math.min(patience.onceMs, leftMs));
        if (answer && isFinal(answer)) {
          this.#preferred = resolver;
          return answer;
        }
        failure = answer ?? failure;
      }
      // All have spoken, though none of them well.
      if (failure) return failure;
    }
    this.#loops.suspect(resolvers);
    return undefined;
  }

  async #askOne(inquiry: Inquiry, resolver: string, withinMs: number): Promise<ForeignAnswer | undefined> {
    const over = new AbortController();
    const cancel = this.#options.clock.after(withinMs, () => over.abort(new Error('no answer in time')));
    try {
      return await this.#options.ask(inquiry, resolver, over.signal);
    } catch {
      return undefined;
    } finally {
      cancel();
    }
  }
}

const isFinal = ({ encoded: { code } }: ForeignAnswer): boolean =>
  code === responseCodes.ok || code === responseCodes.nameError;

function inOrder(resolvers: string[], preferred: string | undefined): string[] {
  if (preferred === undefined || !resolvers.includes(preferred)) return resolvers;
  return [preferred, ...resolvers.filter((resolver) => resolver !== preferred)];
}
