// node-<platform> packages publish "os"/"cpu" as plain strings, which pnpm does not copy into the lockfile;
// without this hook every platform's Node is downloaded everywhere.
export const hooks = {
  readPackage(pkg) {
    if (/^node-(linux|darwin|win)-/.test(pkg.name)) {
      if (typeof pkg.os === "string") pkg.os = [pkg.os]
      if (typeof pkg.cpu === "string") pkg.cpu = [pkg.cpu]
    }
    return pkg
  }
}
