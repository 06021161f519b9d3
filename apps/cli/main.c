#include <stdio.h>
#include <tyto/tyto.h>

int main(void)
{
    printf("tyto %s\n", tyto_version());
    return 0;
}
