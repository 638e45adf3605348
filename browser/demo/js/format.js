// SPDX-License-Identifier: MIT OR Apache-2.0
// Words for wind: compass points and Beaufort forces.
const POINTS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];
// Upper limits of forces 0 to 7 in knots (WMO-No. 306, Beaufort scale).
const LIMITS = [1, 4, 7, 11, 17, 22, 28, 34];
const WORDS = ["calm", "light air", "light breeze", "gentle breeze", "moderate breeze", "fresh breeze", "strong breeze", "near gale", "gale"];

export const point = (degrees) => POINTS[Math.round(degrees / 45) % 8];
export const force = (knots) => LIMITS.filter((limit) => knots >= limit).length;
export const word = (knots) => WORDS[force(knots)];
export const euros = (amount) => `€ ${amount}`;
