// What the gateway tells, as lines of JSON; read with fetch, so that the token travels in a header and in no URL.

const SILENCE = 15_000; // ms; it says something every five seconds
const PAUSES = [300, 1000, 2000, 5000];

export class Refused extends Error {}

/** Call `heard(portion)` for each line, for ever; `lost(why)` whenever the connection is gone. Throws Refused. */
export async function listen(token, heard, lost, signal) {
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      await once(token, (portion) => {
        tries = 0;
        heard(portion);
      }, signal);
    } catch (error) {
      if (error instanceof Refused || signal.aborted) throw error;
      lost(error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSES[Math.min(tries, PAUSES.length - 1)]));
  }
}

async function once(token, heard, signal) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE);
  try {
    const response = await fetch("/console/feed", {
      headers: { "mx-api-token": token },
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status === 401) throw new Refused("This token is not known here.");
    if (!response.ok) throw new Error((await response.json()).message);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = [];
    for (;;) {
      const { value, done } = await reader.read();
      if (done) throw new Error("the gateway has ended the connection");
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE);
      const [begun, ...lines] = value.split("\n");
      rest.push(begun);
      for (const line of lines) {
        heard(JSON.parse(rest.join("")));
        rest = [line];
      }
    }
  } finally {
    clearTimeout(timer);
  }
}
