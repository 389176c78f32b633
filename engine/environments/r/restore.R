# Install packages at exact versions from repositories like CRAN into a library: for renv.lock, without renv.
# Arguments: the library, a folder for what is downloaded, the repositories with a | between, name=version of each.
# R's own order of installing is used: what was downloaded becomes a repository of its own.
given <- commandArgs(trailingOnly = TRUE)
library_folder <- given[1]
sources <- file.path(given[2], "src", "contrib")
repositories <- strsplit(given[3], "|", fixed = TRUE)[[1]]
asked <- strsplit(given[-(1:3)], "=", fixed = TRUE)
dir.create(sources, recursive = TRUE)
options(timeout = 300, warn = 1)

fetch <- function(name, version) {
  file <- paste0(name, "_", version, ".tar.gz")
  places <- c(file, file.path("Archive", name, file))
  for (repository in repositories) for (place in places) {
    from <- paste0(sub("/$", "", repository), "/src/contrib/", place)
    got <- suppressWarnings(try(download.file(from, file.path(sources, file), quiet = TRUE, mode = "wb"), silent = TRUE))
    if (!inherits(got, "try-error") && got == 0) return(invisible(file))
  }
  stop("::absent ", name, " ", version, call. = FALSE)
}

for (each in asked) fetch(each[1], each[2])
tools::write_PACKAGES(sources, type = "source")
names <- vapply(asked, `[`, "", 1)
install.packages(names, lib = library_folder, repos = paste0("file://", normalizePath(given[2])), type = "source",
                 quiet = FALSE, dependencies = FALSE)
for (each in asked) {
  there <- suppressWarnings(try(as.character(packageVersion(each[1], lib.loc = library_folder)), silent = TRUE))
  if (inherits(there, "try-error")) stop("::unbuilt ", each[1], " ", each[2], call. = FALSE)
}
