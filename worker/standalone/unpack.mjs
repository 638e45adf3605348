// SPDX-License-Identifier: MIT OR Apache-2.0
// The application's files out of app.zip, which is stored, not compressed, for the upload as a whole is.
// Source: PKWARE APPNOTE 6.3.10, 4.3.7 "Local file header".
const LOCAL_HEADER = 0x04034b50;

export function unpack(FS, archive, folder) {
  const view = new DataView(archive);
  const folders = new Set();
  const decoder = new TextDecoder();
  for (let at = 0; view.getUint32(at, true) === LOCAL_HEADER; ) {
    const size = view.getUint32(at + 18, true);
    const nameAt = at + 30;
    const dataAt = nameAt + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
    const name = decoder.decode(new Uint8Array(archive, nameAt, view.getUint16(at + 26, true)));
    const path = `${folder}/${name}`;
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (!folders.has(parent)) FS.mkdirTree(parent);
    folders.add(parent);
    FS.writeFile(path, new Uint8Array(archive, dataAt, size), { canOwn: true }); // a view, no copy
    at = dataAt + size;
  }
}
