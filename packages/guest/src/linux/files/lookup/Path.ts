/** Paths, as byte strings (`user/byteStrings.ts`). */

/** `path` seen from a directory. Dot-dots stay: what they mean depends on symbolic links. */
export const join = (directory: string, path: string): string =>
  path.startsWith("/") ? path : directory.endsWith("/") ? directory + path : `${directory}/${path}`

/** Removes empty and `.` components and a trailing slash of an absolute path, so that it can be compared with names. */
export const tidy = (path: string): string => {
  if (!path.includes("//") && !path.includes("/.") && (path === "/" || !path.endsWith("/"))) return path
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  return `/${parts.join("/")}`
}

/** The last component. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** All before the last component; `/` at the top. */
export const dirName = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf("/")))
