/** The version of the command; a test keeps it equal to package.json's, which a bundle does not have. */
export const version = "0.1.0"
