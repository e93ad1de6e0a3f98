/** Places: PIDF-LO ↔ the elements of XEP-0080. RFC 4119 §2.2, RFC 5139 §3, RFC 5491 §5.2; XEP-0080 §6 (mapping to other formats). */

import { child, childElements, type Element, element, text } from "../../xml/element";
import { NS } from "../../xml/namespaces";
import type { Location } from "./document";

/**
 * The first place of a PIDF, the person's before those of devices.
 * @param root the whole document
 * @returns by name of XEP-0080; undefined when there is none
 */
export function readLocation(root: Element): Location | undefined {
  const holders = childElements(root);
  const first = (wanted: boolean) =>
    holders
      .filter(({ name }) => (name === "person") === wanted)
      .map(placeOf)
      .find((place) => place !== undefined);
  return first(true) ?? first(false);
}

/** `<geopriv/>` with everything that PIDF-LO has a word for; undefined when that is nothing. */
export function writeLocation(location: Location): Element | undefined {
  const places = [pointElement(location), civicElement(location)].filter((place) => place !== undefined);
  if (places.length === 0) return undefined;
  return element(
    NS.geopriv,
    "geopriv",
    {},
    element(NS.geopriv, "location-info", {}, ...places),
    element(NS.geopriv, "usage-rules"),
  );
}

/** One text of a place, as it may go out; undefined when it says nothing, or what it says is no such value. */
export function placeText(name: string, said: string): string | undefined {
  const value = said.trim().slice(0, TEXT_MAXIMUM);
  if (value === "") return undefined;
  const range = RANGES.get(name);
  if (range === undefined) return value;
  return NUMBER.test(value) && Math.abs(Number(value)) <= range ? value : undefined;
}

function placeOf(holder: Element): Location | undefined {
  const geopriv = geoprivOf(holder) ?? childElements(holder).map(geoprivOf).find(isThere);
  const info = geopriv && child(geopriv, NS.geopriv, "location-info");
  if (info === undefined) return undefined;
  const found: Record<string, string> = {};
  for (const shape of childElements(info)) {
    if (shape.name === "civicAddress") readCivic(shape, found);
    else if (shape.name === "Point" || shape.name === "Circle") readPoint(shape, found);
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

function geoprivOf(holder: Element): Element | undefined {
  return child(holder, NS.geopriv, "geopriv");
}

function readPoint(shape: Element, found: Record<string, string>): void {
  const inside = childElements(shape);
  const position = inside.find(({ name }) => name === "pos");
  const [lat = "", lon = "", alt = ""] = position === undefined ? [] : text(position).trim().split(BLANKS, 3);
  const radius = inside.find(({ name }) => name === "radius");
  const both = placeText("lat", lat) !== undefined && placeText("lon", lon) !== undefined;
  if (!both) return;
  put(found, "lat", lat);
  put(found, "lon", lon);
  put(found, "alt", alt);
  put(found, "accuracy", radius === undefined ? "" : text(radius));
}

function readCivic(civic: Element, found: Record<string, string>): void {
  const parts = new Map(childElements(civic).map((part) => [part.name, text(part).trim()]));
  const country = parts.get("country") ?? "";
  put(found, COUNTRY_CODE.test(country) ? "countrycode" : "country", country);
  for (const [name, civicNames] of CIVIC) {
    put(
      found,
      name,
      civicNames.map((civicName) => parts.get(civicName) ?? "").find((part) => part !== "") ?? "",
    );
  }
  const number = `${parts.get("HNO") ?? ""}${parts.get("HNS") ?? ""}`;
  const street = [...STREET.map((name) => parts.get(name) ?? ""), number];
  put(found, "street", street.filter((part) => part !== "").join(" "));
}

function put(found: Record<string, string>, name: string, said: string): void {
  const value = placeText(name, said);
  if (value !== undefined) found[name] = value;
}

function pointElement({ lat, lon, alt }: Location): Element | undefined {
  if (lat === undefined || lon === undefined) return undefined;
  const position = alt === undefined ? `${lat} ${lon}` : `${lat} ${lon} ${alt}`;
  const system = alt === undefined ? "urn:ogc:def:crs:EPSG::4326" : "urn:ogc:def:crs:EPSG::4979";
  return element(NS.gml, "Point", { srsName: system }, element(NS.gml, "pos", {}, position));
}

function civicElement(location: Location): Element | undefined {
  const country = location.countrycode ?? location.country;
  const code = country !== undefined && COUNTRY_CODE.test(country) ? country.toUpperCase() : undefined;
  const part = (name: string, value: string | undefined) =>
    value === undefined ? undefined : element(NS.civicAddress, name, {}, value);
  const parts = [
    part("country", code),
    ...WRITTEN.map(([name, civicName]) => part(civicName, location[name])),
  ].filter(isThere);
  return parts.length === 0 ? undefined : element(NS.civicAddress, "civicAddress", {}, ...parts);
}

function isThere(found: Element | undefined): found is Element {
  return found !== undefined;
}

/** XEP-0080 name, and the civic elements that it is read from. */
const CIVIC: readonly (readonly [string, readonly string[]])[] = [
  ["region", ["A1", "A2"]],
  ["locality", ["A3"]],
  ["area", ["A4", "A5"]],
  ["building", ["BLD", "LMK"]],
  ["floor", ["FLR"]],
  ["room", ["ROOM"]],
  ["postalcode", ["PC"]],
  ["text", ["LOC", "NAM"]],
];
/** A street is put together from its parts; its name is `RD` in RFC 5139 and `A6` in RFC 4119. */
const STREET: readonly string[] = ["PRD", "RD", "A6", "STS", "POD"];
/** In the order of RFC 5139's schema. */
const WRITTEN: readonly (readonly [string, string])[] = [
  ["region", "A1"],
  ["locality", "A3"],
  ["area", "A4"],
  ["street", "RD"],
  ["text", "LOC"],
  ["floor", "FLR"],
  ["postalcode", "PC"],
  ["building", "BLD"],
  ["room", "ROOM"],
];
/** Largest amount of what is a number: degrees, and metres. */
const RANGES: ReadonlyMap<string, number> = new Map([
  ["lat", 90],
  ["lon", 180],
  ["alt", 10_000_000],
  ["accuracy", 100_000_000],
]);
/** UTF-16 code units of one piece of an address. */
const TEXT_MAXIMUM = 300;
const NUMBER = /^[+-]?\d{1,10}(?:\.\d{1,20})?$/;
const COUNTRY_CODE = /^[A-Za-z]{2}$/;
const BLANKS = /[ \t\r\n]+/;
