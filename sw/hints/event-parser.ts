/** Takes a stream of events apart (text/event-stream, HTML standard, section 9.2.6), as far as the service uses it. */

export interface StreamEvent {
  readonly name: string;
  /** Empty where there is none: then only the position is news. */
  readonly data: string;
  /** The newest there was, this event's included; null before the first. */
  readonly id: string | null;
}

export interface EventParser {
  /** The events that are complete with this; throws where one is larger than any can be. */
  take(text: string): StreamEvent[];
}

/** The largest event is a signal, quoted. */
const eventLettersMax = 65_536;

export function createEventParser(): EventParser {
  let rest = "";
  let id: string | null = null;

  const eventOf = (block: string): StreamEvent => {
    let name = "message";
    const data: string[] = [];
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") name = value;
      else if (field === "data") data.push(value);
      else if (field === "id") id = value;
    }
    return { name, data: data.join("\n"), id };
  };

  return {
    take(text) {
      const blocks = (rest + text).replaceAll("\r\n", "\n").split("\n\n");
      rest = blocks.pop() ?? "";
      if (rest.length > eventLettersMax) throw new Error("an event without an end");
      return blocks.map(eventOf);
    },
  };
}
