// One query in, one response out: from the cluster's records, or from the host's resolvers. Knows nothing of sockets.
// Holds: what was answered once out of the records is not worked out again before one of them changes.
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { answerQuestion, anyRefusal, type ClusterAnswer } from './answer.ts';
import { answersOf } from './foreign-answer.ts';
import type { Asked, Told } from './forwarder.ts';
import { type Query, readQuery, recordTypes, responseCodes } from './query.ts';
import { RecordWriter } from './record-writer.ts';
import {
  bareResponse,
  type Carrier,
  type Encoded,
  encodeAnswer,
  joinResponse,
  refusalWith,
  serverFailure,
} from './response.ts';
import type { Zone } from './zone.ts';

export interface ResponderOptions {
  settings: ClusterSettings;
  zone: Zone;
  forwarder: { ask(query: Asked): Promise<Told | undefined>; isOwnEcho(name: string): boolean };
  /** Resolves with whether the records are complete, after waiting a little for them. */
  areComplete(): boolean | Promise<boolean>;
}

export type Response = Buffer | undefined;

const internetClass = 1;
const mostAliases = 8;
const mostRemembered = 20_000;
/** Whole zones are given to nobody. */
const transferTypes = new Set([251, 252]);
/** Types that ask for something else than records. */
const isMetaType = (type: number) => type === recordTypes.OPT || (type >= 128 && type < recordTypes.ANY);

export class Responder {
  readonly #options: ResponderOptions;
  readonly #encoded = new Map<string, Encoded>();
  #count = 0;

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  /** To be told of every change of the records. */
  forget(): void {
    this.#encoded.clear();
  }

  /** Nothing where nothing is to be said; at once where the answer is at hand. */
  respond(bytes: Buffer, carrier: Carrier): Response | Promise<Response> {
    const query = readQuery(bytes);
    if (!query) return undefined;
    if ('refusal' in query) return bareResponse(query);
    const known = this.#encoded.get(query.key);
    if (known && !query.edns?.version) return this.#join(query, known, carrier);
    const refusal = refusalOf(query);
    if (refusal !== undefined) return joinResponse(query, refusalWith(refusal), { carrier });
    return this.#find(query, carrier);
  }

  #join(query: Query, encoded: Encoded, carrier: Carrier): Buffer {
    return joinResponse(query, encoded, { carrier, first: this.#count++ });
  }

  #find(query: Query, carrier: Carrier): Response | Promise<Response> {
    const { zone, settings } = this.#options;
    const answer = answerQuestion(query, zone, settings);
    if (!answer) return this.#pass(query, carrier);
    const areComplete = this.#options.areComplete();
    if (areComplete !== true) return this.#findLater(query, carrier, areComplete);
    // The API takes longer labels than DNS does.
    if (answer.answers.some((record) => record.type === 'CNAME' && !isEncodable(record.target)))
      return joinResponse(query, serverFailure, { carrier });
    if (answer.alias !== undefined) return this.#follow(query, answer, answer.alias, carrier);
    return this.#join(query, this.#remember(query, answer), carrier);
  }

  /** What is not there may only not have been heard of yet. */
  async #findLater(query: Query, carrier: Carrier, areComplete: false | Promise<boolean>): Promise<Response> {
    if (!(await areComplete)) return joinResponse(query, serverFailure, { carrier });
    return await this.#find(query, carrier);
  }

  #remember(query: Query, answer: ClusterAnswer): Encoded {
    const encoded = encodeAnswer(query, answer);
    if (this.#encoded.size >= mostRemembered) this.#encoded.clear();
    this.#encoded.set(query.key, encoded);
    return encoded;
  }

  async #pass(query: Query, carrier: Carrier): Promise<Response> {
    const { forwarder } = this.#options;
    if (forwarder.isOwnEcho(query.name)) return joinResponse(query, refusalWith(responseCodes.refused), { carrier });
    if (query.type === recordTypes.ANY) {
      const encoded = encodeAnswer(query, { code: responseCodes.ok, answers: [anyRefusal(query.name)] });
      return joinResponse(query, { ...encoded, flags: 0 }, { carrier });
    }
    const told = await forwarder.ask(query);
    if (!told) return joinResponse(query, serverFailure, { carrier });
    return joinResponse(query, told.answer.encoded, { carrier, ageSeconds: told.ageSeconds });
  }

  /** Stub resolvers do not follow another name by themselves: what stands there comes along. */
  async #follow(query: Query, first: ClusterAnswer, alias: string, carrier: Carrier): Promise<Response> {
    const { zone, settings } = this.#options;
    const answers = [...first.answers];
    let name: string | undefined = alias;
    for (let count = 0; name !== undefined && count < mostAliases; count++) {
      if (!isEncodable(name)) break;
      const known = answerQuestion({ name, type: query.type }, zone, settings);
      if (!known) return await this.#followOutside(query, answers, name, carrier);
      answers.push(...known.answers);
      if (known.alias === undefined) return this.#join(query, this.#remember(query, { ...known, answers }), carrier);
      name = known.alias;
    }
    return joinResponse(query, serverFailure, { carrier });
  }

  async #followOutside(
    query: Query,
    answers: ClusterAnswer['answers'],
    name: string,
    carrier: Carrier,
  ): Promise<Response> {
    const question = questionFor(name, query);
    const key = `${name}\0${question.toString('latin1', question.length - 4)}`;
    const told = await this.#options.forwarder.ask({ ...query, name, question, key });
    if (!told) return joinResponse(query, serverFailure, { carrier });
    const { code } = told.answer.encoded;
    const all = [...answers, ...answersOf(told.answer, told.ageSeconds)];
    return joinResponse(query, encodeAnswer(query, { code, answers: all }), { carrier });
  }
}

function refusalOf({ type, class: queryClass, edns }: Query): number | undefined {
  if (edns && edns.version > 0) return responseCodes.badVersion;
  if (queryClass !== internetClass || transferTypes.has(type)) return responseCodes.refused;
  return isMetaType(type) ? responseCodes.notImplemented : undefined;
}

const isEncodable = (name: string): boolean => name.length < 254 && /^[^.\\]{1,63}(\.[^.\\]{1,63})*$/.test(name);

function questionFor(name: string, query: Query): Buffer {
  const writer = new RecordWriter('', 0, 0);
  writer.addName(name);
  return Buffer.concat([writer.bytes(), query.question.subarray(-4)]);
}
