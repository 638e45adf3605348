// SPDX-License-Identifier: MIT OR Apache-2.0
// What is secret does not lie in storage, nor go to a gateway: URLs and texts lose it before they are kept or beaconed.
// A part of what Python's _urls and _redact take out of everything, whose word is final.

/** Values by their names: in a query or fragment, an encoded one too, and in the texts of a page's own. */
const NAMED =
  /((?:[?&;#]|%(?:3F|26|23))(?:[\w.-]*(?:token|secret|passw|api_?key|email|signature|credential|sess_?id|session_?id)\w{0,16}|code|key|auth|otp|pin|pwd|sid|sig|session|mail|jwt)(?:=|%3D)|(?:token|secret|passw\w{0,16}|authorization|cookie)["'\\]*(?:[=:] ?|,"value":)["'\\]*(?:bearer |basic )?|bearer )(?![{[])[^&;#\s"'\\]+/gi;
const PART = /[^\s/?&;=#"\\]+/g;
/** By their form: JSON in base64, as a JWT is, and e-mail addresses; but not name@1.2 or logo@2x.png. */
const FORMED = /eyJ[\w+/-]{14}|[\w.+-](@|%40)(?!v?\d+(\.[\dx]|x\.))[\w-]+\.\w/;

/** `json`: of anything; its structure stays, for no key or bracket of it is a secret's. */
const covered = (json: string): string =>
  json.replace(NAMED, "$1REDACTED").replace(PART, (part) => (FORMED.test(part) ? "REDACTED" : part));

/** `name`: the loader's. A tag that keeps anything has it all kept: Python knows what. */
export const coverOf = (name: string): ((json: string) => string) => (name.includes('"keep"]') ? String : covered);

/** By which storage knows the runtime of a tag again: not by its headers, where keys may be. */
export const markOf = (tag: string): string =>
  coverOf(tag)(JSON.stringify((JSON.parse(tag) as [string, string][]).filter(([name]) => name != "headers")));
