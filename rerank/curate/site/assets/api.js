// Talking to the server. A refusal has `status`; an error without one means that nobody answered.

export async function get(path, parameters = {}) {
  return answer(fetch(`${path}?${new URLSearchParams(parameters)}`));
}

export async function post(path, body) {
  return answer(
    fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      keepalive: true, // also where the page is left meanwhile
    }),
  );
}

async function answer(asked) {
  let response;
  try {
    response = await asked;
  } catch {
    throw new Error("the server does not answer; what you decide is kept here until it does");
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw Object.assign(new Error(reasonOf(text)), { status: response.status });
}

function reasonOf(text) {
  try {
    return JSON.parse(text).error ?? text;
  } catch {
    return text;
  }
}
