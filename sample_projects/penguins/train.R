# A small tree for the sex of a penguin. What is missing goes the way of the measure that comes closest to it.
library(rpart)

input <- Sys.getenv("LEVERFRAME_INPUT")
target <- Sys.getenv("LEVERFRAME_TARGET")
rows <- read.csv(file.path(input, "data.csv"), na.strings = c("NA", ""), stringsAsFactors = TRUE)

cat("::progress 0.2 growing a tree\n")
set.seed(344)
tree <- rpart(reformulate(setdiff(names(rows), target), target), rows, method = "class")

model <- file.path(Sys.getenv("LEVERFRAME_OUTPUT"), "model")
dir.create(model)
saveRDS(tree, file.path(model, "tree.rds"))
