# All penguins of the study, a row each. The study is over: the same table comes whatever the moment that is asked for.
library(palmerpenguins)

told <- as.data.frame(penguins_raw)
table <- as.data.frame(penguins)
# A bird has a number within its study, and was met once in each season.
table <- cbind(penguin = paste(told$studyName, told$`Sample Number`, told$Species, sep = "-"), table)
table$year <- NULL

write.csv(table, file.path(Sys.getenv("LEVERFRAME_OUTPUT"), "data.csv"), row.names = FALSE)
