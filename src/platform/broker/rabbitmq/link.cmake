find_library(RABBITMQ_LIBRARY rabbitmq REQUIRED)
set(rabbitmq_libraries ${RABBITMQ_LIBRARY})
