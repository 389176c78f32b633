# One prediction for each row, in the order of the rows.
library(rpart)

input <- Sys.getenv("LEVERFRAME_INPUT")
tree <- readRDS(file.path(input, "model", "tree.rds"))
rows <- read.csv(file.path(input, "data.csv"), na.strings = c("NA", ""))
# A factor as it was learnt; a value that was never seen is taken for a missing one.
known <- attr(tree, "xlevels")
for (name in names(known)) rows[[name]] <- factor(rows[[name]], levels = known[[name]])

chances <- predict(tree, rows, type = "prob")
said <- data.frame(prediction = colnames(chances)[max.col(chances, ties.method = "first")])
for (class in colnames(chances)) said[[paste0("p_", class)]] <- chances[, class]

write.csv(said, file.path(Sys.getenv("LEVERFRAME_OUTPUT"), "predictions.csv"), row.names = FALSE)
