// SPDX-License-Identifier: MIT OR Apache-2.0
// From the script tag to one stable string. The dataset is handed over unparsed: Python validates it and names the attribute.
import { attempt } from "./guard";

declare const VERSION: string;
export const version = VERSION;

/**
 * `currentScript` is null in modules, hence the search; `data-edgetrace` marks a tag whose file was renamed. A script it has to
 * be: sanitizers let data-* of other elements through, and these name the worker and where spans go.
 */
const tag = (document.currentScript ||
  document.querySelector('script[src*="/agent.js"],script[data-edgetrace]')) as HTMLScriptElement;
const data: DOMStringMap = { ...tag.dataset }; // spread defines own keys, so data-__proto__ stays a plain key
const edge = data["runtime"] == "edge";
const resolve = (url: string, base?: string): string => new URL(url, base || document.baseURI).href;

data["endpoint"] ||= edge ? resolve("raw", tag.src) : "/v1/traces";
attempt(() => (data["endpoint"] = resolve(data["endpoint"]!))); // invalid, it stays as it is, for Python to complain about
const ours = resolve("edgetrace-", tag.src);

/** The runtime's whole configuration, and so the SharedWorker's name: one runtime per origin, version and tag. */
export const name = JSON.stringify([version, Object.entries(data).sort()]);
/** The module that serves the page. The version in its address keeps a cached script of another version away. */
export const workerUrl = data["workerUrl"] ? resolve(data["workerUrl"]) : ours + (edge ? "edge" : "worker") + ".js?v=" + version;
/** worker (default), or page or edge: no worker; nor one that may not outlive the page, in tests. */
export const noWorker = /"runtime","[ep]|debugC(?!.*extended)/.test(name);
/** Whether an entry is about our own files or requests, which are not the page's to report. */
export const isOurs = (url: string): boolean =>
  [tag.src, workerUrl, data["endpoint"]].includes(url) || url.startsWith(ours);
