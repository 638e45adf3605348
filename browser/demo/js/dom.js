// SPDX-License-Identifier: MIT OR Apache-2.0
// Small helpers to find and make elements.
export const find = (selector, within = document) => within.querySelector(selector);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

export function make(name, attributes = {}, ...children) {
  const svg = /^(svg|path|circle|line|text|g)$/.test(name);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
